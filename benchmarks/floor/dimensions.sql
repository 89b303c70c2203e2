create table dim_law (
    law_id text, version integer, law_name text, short_name_da text, parent_law_id text, is_total boolean,
    valid_from_date date, valid_to_date date, note_da text
);
create table dim_theme (theme_id text primary key, name_da text not null);
create table dim_outcome (
    outcome_id text primary key, name_da text not null, outcome_kind text, is_decided_on_merits boolean,
    is_upheld boolean, is_reversal boolean
);
create table dim_complaint_type (complaint_type_id text primary key, name_da text not null, description_da text);
create table holiday (date_day date primary key, name_da text not null, kind text not null);

\copy dim_law from 'seed_law.csv' with (format csv, header true)
\copy dim_theme from 'seed_theme.csv' with (format csv, header true)
\copy dim_outcome from 'seed_outcome.csv' with (format csv, header true)
\copy dim_complaint_type from 'seed_complaint_type.csv' with (format csv, header true)
\copy holiday from 'seed_holiday.csv' with (format csv, header true)

alter table dim_law add law_key text generated always as (md5(law_id || '|' || version)) stored primary key;

create table dim_organisation (
    organisation_key text primary key, unit_id text not null, name text not null, level text not null,
    parent_unit_id text, valid_from_date date not null, valid_to_date date,
    covers_from_date date not null, covers_to_date date not null
);
insert into dim_organisation
select
    md5(enhed || '|' || gyldig_fra), enhed, navn, niveau, overordnet, gyldig_fra::date, gyldig_til::date,
    case when lag(enhed) over versions is null then date '0001-01-01' else gyldig_fra::date end,
    coalesce(lead(gyldig_fra::date) over versions - 1, date '9999-12-31')
from delivered_unit
window versions as (partition by enhed order by gyldig_fra);

create table dim_date (
    date_day date primary key, calendar_year integer not null, calendar_quarter integer not null,
    report_year integer not null, is_working_day boolean not null, working_day_number integer not null
);
insert into dim_date
select
    day::date, extract(year from day), extract(quarter from day),
    extract(year from day) - case when extract(month from day) < 4 then 1 else 0 end,
    is_working_day, count(*) filter (where is_working_day) over (order by day)
from generate_series(timestamp '2005-01-01', timestamp '2030-12-31', interval '1 day') as days (day)
left join holiday on holiday.date_day = days.day::date
cross join lateral (select extract(isodow from day) < 6 and holiday.date_day is null) as judged (is_working_day);

analyze dim_law, dim_organisation, dim_date;
