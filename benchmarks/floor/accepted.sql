-- The rows that the contract lets in, typed, by the cheapest test that tells them apart in these files. Times are
-- Copenhagen's own, so their day is their first ten signs.
create table complaint as
select
    replace(sagsnummer, ' ', '') as case_number,
    nullif(replace(replace(cpr, '-', ''), ' ', ''), '0000000000') as person,
    modtaget as received_at,
    left(modtaget, 10)::date as received_date,
    left(registreret, 10)::date as registered_date,
    left(videresendt, 10)::date as forwarded_date,
    left(besvaret, 10)::date as answered_date,
    left(afgjort, 10)::date as decided_date,
    svarfrist::date as delivered_due_date,
    klagetype, modtager, henvist_af, henvisers_sagsnummer, center, lov, tema, udfald, lukket = 'True' as is_closed, kle
from delivered_complaint
where
    replace(sagsnummer, ' ', '') ~ '^\d{4}-\d{4,8}$'
    and coalesce(
        cpr = '0000000000' or replace(replace(cpr, '-', ''), ' ', '')
        ~ '^(0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])(0[1-9]|1[0-2])\d{6}$', true
    )
    and modtaget is not null and registreret is not null
    and not exists (
        select from (values (modtaget), (registreret), (videresendt), (besvaret), (afgjort)) as times (time)
        where
            time not like '____-__-__T__:__:__' or not pg_input_is_valid(time, 'timestamp')
            -- Skipped or had twice when the clock changes: two o'clock on the last Sunday of March and October.
            or (
                substr(time, 12, 2) = '02' and substr(time, 6, 2) in ('03', '10') and substr(time, 9, 2) >= '25'
                and extract(isodow from time::timestamp) = 7
            )
    )
    and coalesce(svarfrist like '____-__-__' and pg_input_is_valid(svarfrist, 'date'), true)
    and klagetype in ('formalitet', 'realitet')
    and modtager in ('forvaltningen', 'borgmester', 'borgerraadgiver', 'direktoer')
    and coalesce(henvist_af in ('borgerraadgiver', 'ombudsmand'), true)
    and coalesce(
        length(henvisers_sagsnummer) <= 40 and henvisers_sagsnummer !~ '^[=+@-]'
        and henvisers_sagsnummer !~ '(^|\D)([0-3]|[6-9])\d(0\d|1[0-2])\d{2}[- ]?\d{4}(\D|$)', true
    )
    and center ~ '^C\d\d$'
    and coalesce(lov ~ '^[a-z_]+$', true)
    and tema ~ '^[a-z_]+$'
    and coalesce(udfald in ('medhold', 'delvist_medhold', 'ikke_medhold', 'afvist', 'tilbagekaldt'), true)
    and lukket in ('True', 'False')
    and kle ~ '^\d\d\.\d\d\.\d\d$';

create table point as
select replace(sagsnummer, ' ', '') as case_number, punkt::integer as point_number, tema, vurdering
from delivered_point
where
    replace(sagsnummer, ' ', '') ~ '^\d{4}-\d{4,8}$'
    and punkt ~ '^\d{1,4}$'
    and tema ~ '^[a-z_]+$'
    and coalesce(vurdering in ('medhold', 'delvist_medhold', 'ikke_medhold', 'afvist', 'tilbagekaldt'), true);

-- Which of two rows with one key is right cannot be known.
delete from complaint where case_number in (select case_number from complaint group by 1 having count(*) > 1);
delete from point
where (case_number, point_number) in (select case_number, point_number from point group by 1, 2 having count(*) > 1);

analyze complaint, point;
