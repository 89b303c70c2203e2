{% set members = 'centre_id, law_id, theme_id' %}
with complaints as (

    select * from {{ ref('fct_complaint') }}

),

received as (

    select
        'received' as event,
        cast(date_trunc('quarter', received_date) as date) as event_date,
        {{ members }},
        count(*) as complaints,
        count(case when complaint_type_id = 'formalitet' then 1 end) as formality_complaints,
        count(case when complaint_type_id = 'realitet' then 1 end) as reality_complaints,
        sum(complaint_points) as complaint_points,
        count(is_answered_within_deadline) as complaints_with_known_deadline,
        count(case when is_answered_within_deadline then 1 end) as complaints_in_time,
        count(is_repeat) as complaints_by_known_person,
        count(case when is_repeat then 1 end) as repeat_complaints,
        cast(0 as bigint) as merits_complaints,
        cast(0 as bigint) as upheld_complaints
    from complaints
    group by cast(date_trunc('quarter', received_date) as date), {{ members }}

),

decided as (

    select
        'decided' as event,
        cast(date_trunc('quarter', complaints.decided_date) as date) as event_date,
        {{ members }},
        count(*) as complaints,
        {% for received_only in range(7) %}
        cast(0 as bigint),
        {% endfor %}
        count(case when outcomes.is_decided_on_merits then 1 end) as merits_complaints,
        count(case when outcomes.is_upheld then 1 end) as upheld_complaints
    from complaints
    left join {{ ref('dim_outcome') }} as outcomes on complaints.outcome_id = outcomes.outcome_id
    where complaints.decided_date is not null
    group by cast(date_trunc('quarter', complaints.decided_date) as date), {{ members }}

),

counts as (

    select * from received
    union all
    select * from decided

)

select
    measures.indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    counts.event_date,
    counts.centre_id,
    -- Complaints about case handling have no law.
    case when measures.indicator_id <> 'klager_formalitet' then counts.law_id end as law_id,
    counts.theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(measures.numerator as numeric) as numerator,
    cast(measures.denominator as numeric) as denominator,
    counts.complaints as events
from counts
cross join
    lateral (
        values
        ('received', 'klager_modtaget', complaints, null),
        ('received', 'klager_formalitet', formality_complaints, null),
        ('received', 'klager_realitet', reality_complaints, null),
        ('received', 'klagepunkter_pr_klage', complaint_points, complaints),
        ('received', 'klager_besvaret_inden_frist_pct', complaints_in_time, complaints_with_known_deadline),
        ('received', 'klager_gengangere_pct', repeat_complaints, complaints_by_known_person),
        ('decided', 'klager_medhold_pct', upheld_complaints, merits_complaints)
    ) as measures (event, indicator_id, numerator, denominator)
where counts.event = measures.event
