create table fct_complaint (
    complaint_key text not null, source_id text not null, case_number text not null, centre_id text not null,
    organisation_key text, complaint_type_id text not null, law_id text, law_key text, theme_id text not null,
    outcome_id text, kle_number text not null, received_by text not null, referred_by text,
    referrer_case_number text, repeat_of_case_number text, overlap_status text,
    received_date date not null, registered_date date not null, forwarded_date date, answered_date date,
    decided_date date, answer_due_date date not null,
    days_to_answer integer, working_days_to_answer integer, days_to_decision integer,
    working_days_to_decision integer, days_since_previous integer, complaint_points integer not null,
    is_closed boolean not null, is_due_date_assumed boolean not null, is_answered_within_deadline boolean,
    is_repeat boolean, is_referred boolean not null, is_centre_in_force boolean not null
);
insert into fct_complaint
select
    md5('klagesager|' || c.case_number), 'klagesager', c.case_number, c.center,
    organisation.organisation_key, c.klagetype, c.lov, law.law_key, c.tema, c.udfald, c.kle, c.modtager,
    c.henvist_af, c.henvisers_sagsnummer,
    case when c.person is not null and c.days_since_previous <= 180 then c.previous_case_number end,
    case when c.henvist_af = 'borgerraadgiver' then
        case when referral.sagsnummer is not null then 'matched' else 'unmatched' end
    end,
    c.received_date, c.registered_date, c.forwarded_date, c.answered_date, c.decided_date, due.date_day,
    c.answered_date - c.received_date, answered.working_day_number - received.working_day_number,
    c.decided_date - c.received_date, decided.working_day_number - received.working_day_number,
    c.days_since_previous, coalesce(points.complaint_points, 0),
    c.is_closed, c.delivered_due_date is null,
    case
        when c.answered_date is not null then c.answered_date <= due.date_day
        when due.date_day < :'as_of'::date then false
    end,
    case when c.person is not null then coalesce(c.days_since_previous <= 180, false) end,
    c.henvist_af is not null,
    coalesce(
        c.received_date >= organisation.valid_from_date
        and c.received_date <= coalesce(organisation.valid_to_date, c.received_date), false
    )
from (
    select
        *, lag(case_number) over same_matter as previous_case_number,
        received_date - lag(received_date) over same_matter as days_since_previous
    from complaint
    window same_matter as (partition by person, tema order by received_at, case_number)
) as c
left join (select case_number, count(*)::integer as complaint_points from point group by 1) as points
    using (case_number)
left join dim_date as received on received.date_day = c.received_date
left join dim_date as answered on answered.date_day = c.answered_date
left join dim_date as decided on decided.date_day = c.decided_date
left join dim_date as policy on policy.is_working_day and policy.working_day_number = received.working_day_number + 10
cross join lateral (select coalesce(c.delivered_due_date, policy.date_day)) as due (date_day)
left join (select distinct sagsnummer from delivered_referral) as referral
    on c.henvisers_sagsnummer = referral.sagsnummer
left join dim_organisation as organisation
    on c.center = organisation.unit_id
    and c.received_date between organisation.covers_from_date and organisation.covers_to_date
left join (
    select
        law_id, law_key,
        case when lag(law_id) over versions is null then date '0001-01-01' else valid_from_date end as covers_from_date,
        coalesce(lead(valid_from_date) over versions - 1, date '9999-12-31') as covers_to_date
    from dim_law window versions as (partition by law_id order by version)
) as law on c.lov = law.law_id and c.received_date between law.covers_from_date and law.covers_to_date;
alter table fct_complaint add primary key (complaint_key);
analyze fct_complaint;

create table fct_complaint_point (
    complaint_point_key text not null, complaint_key text, source_id text not null, case_number text not null,
    point_number integer not null, centre_id text, theme_id text, outcome_id text, received_date date
);
insert into fct_complaint_point
select
    md5('klagesager|' || point.case_number || '|' || point_number), complaint_key, 'klagesager',
    point.case_number, point_number, centre_id, point.tema, point.vurdering, received_date
from point left join fct_complaint using (case_number);
alter table fct_complaint_point add primary key (complaint_point_key);
