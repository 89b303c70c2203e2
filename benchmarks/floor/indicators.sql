-- Counts per quarter and member first: every period and breakdown is a sum of them.
create temporary table period as
select kind, label, min(date_day) as first_day, max(date_day) as last_day
from dim_date
cross join lateral (
    values
    ('kalenderaar', calendar_year::text),
    ('beretningsaar', report_year || '/' || right((report_year + 1)::text, 2)),
    ('kvartal', calendar_year || '-K' || calendar_quarter)
) as labels (kind, label)
group by kind, label;
delete from period
where first_day < (select date_trunc('quarter', min(received_date)) from fct_complaint)
or (kind = 'kvartal' and last_day > :'as_of'::date);

create temporary table cell as
with counts as (
    select
        'received' as event, date_trunc('quarter', received_date)::date as quarter, centre_id, law_id, theme_id,
        count(*) as complaints, count(*) filter (where complaint_type_id = 'formalitet') as formality,
        count(*) filter (where complaint_type_id = 'realitet') as reality, sum(complaint_points) as points,
        count(is_answered_within_deadline) as known_deadline,
        count(*) filter (where is_answered_within_deadline) as in_time,
        count(is_repeat) as by_known_person, count(*) filter (where is_repeat) as repeats, 0 as merits, 0 as upheld
    from fct_complaint group by quarter, centre_id, law_id, theme_id
    union all
    select
        'decided', date_trunc('quarter', decided_date)::date as quarter, centre_id, law_id, theme_id,
        count(*), 0, 0, 0, 0, 0, 0, 0,
        count(*) filter (where is_decided_on_merits), count(*) filter (where is_upheld)
    from fct_complaint left join dim_outcome using (outcome_id)
    where decided_date is not null group by quarter, centre_id, law_id, theme_id
)
select
    event, kind, label, breakdown, member, sum(complaints) as complaints, sum(formality) as formality,
    sum(reality) as reality, sum(points) as points, sum(known_deadline) as known_deadline, sum(in_time) as in_time,
    sum(by_known_person) as by_known_person, sum(repeats) as repeats, sum(merits) as merits, sum(upheld) as upheld
from counts
inner join period on counts.quarter between period.first_day and period.last_day
cross join lateral (
    values ('ingen', 'alle'), ('center', centre_id), ('lov', law_id), ('tema', theme_id)
) as breakdowns (breakdown, member)
where member is not null
and (breakdown = 'ingen' or kind = 'kalenderaar' or (breakdown = 'center' and kind = 'kvartal'))
group by event, kind, label, breakdown, member;

create table fct_indicator_value (
    indicator_id text, period_kind text, period_label text, breakdown_kind text, breakdown_member text,
    numerator numeric, denominator numeric, value numeric,
    primary key (indicator_id, period_kind, period_label, breakdown_kind, breakdown_member)
);
insert into fct_indicator_value
select
    indicator, kind, label, breakdown, member, numerator, denominator,
    case when denominator is null then numerator else round(factor * numerator / nullif(denominator, 0), 4) end
from cell
cross join lateral (
    values
    ('received', 'klager_modtaget', 1, complaints, null),
    ('received', 'klager_formalitet', 1, formality, null),
    ('received', 'klager_realitet', 1, reality, null),
    ('received', 'klagepunkter_pr_klage', 1, points, complaints),
    ('received', 'klager_besvaret_inden_frist_pct', 100, in_time, known_deadline),
    ('received', 'klager_gengangere_pct', 100, repeats, by_known_person),
    ('decided', 'klager_medhold_pct', 100, upheld, merits)
) as measures (measured_event, indicator, factor, numerator, denominator)
where measured_event = event and not (indicator = 'klager_formalitet' and breakdown = 'lov');

-- The median from how many complaints took how many days: no single complaint is sorted.
insert into fct_indicator_value
with days as (
    select date_trunc('quarter', decided_date)::date as quarter, breakdown, member, working_days_to_decision as days,
        count(*) as complaints
    from fct_complaint
    cross join lateral (
        values ('ingen', 'alle'), ('center', centre_id), ('lov', law_id), ('tema', theme_id)
    ) as breakdowns (breakdown, member)
    where working_days_to_decision is not null and member is not null
    group by quarter, breakdown, member, days
), running as (
    select
        kind, label, breakdown, member, days, sum(sum(complaints)) over (cells order by days) as so_far,
        sum(sum(complaints)) over cells as n
    from days inner join period on quarter between first_day and last_day
    where breakdown = 'ingen' or kind = 'kalenderaar' or (breakdown = 'center' and kind = 'kvartal')
    group by kind, label, breakdown, member, days
    window cells as (partition by kind, label, breakdown, member)
)
select
    'klager_sagsbehandling_median_arbejdsdage', kind, label, breakdown, member, null, null, round((
        min(days) filter (where so_far >= floor((n + 1) / 2)) + min(days) filter (where so_far >= ceil((n + 1) / 2))
    ) / 2.0, 1)
from running group by kind, label, breakdown, member;
