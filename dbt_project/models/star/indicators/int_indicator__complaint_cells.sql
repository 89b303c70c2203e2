with counts as (

    select * from {{ ref('int_indicator__complaint_counts') }}

),

first_quarter as (

    -- The year in which a source begins is not a whole year, and is left out.
    select min(quarter_start) as quarter_start from counts
    where event = 'received'

),

periods as (

    select periods.*
    from {{ ref('int_period') }} as periods
    cross join first_quarter
    where
        periods.period_start >= first_quarter.quarter_start
        and (periods.period_kind <> 'kvartal' or periods.period_end <= {{ as_of_date() }})

)

select
    counts.event,
    periods.period_kind,
    periods.period_label,
    periods.period_start,
    periods.period_end,
    breakdowns.breakdown_kind,
    breakdowns.breakdown_member,
    sum(counts.complaints) as complaints,
    sum(counts.formality_complaints) as formality_complaints,
    sum(counts.reality_complaints) as reality_complaints,
    sum(counts.complaint_points) as complaint_points,
    sum(counts.complaints_with_known_deadline) as complaints_with_known_deadline,
    sum(counts.complaints_in_time) as complaints_in_time,
    sum(counts.complaints_by_known_person) as complaints_by_known_person,
    sum(counts.repeat_complaints) as repeat_complaints,
    sum(counts.merits_complaints) as merits_complaints,
    sum(counts.upheld_complaints) as upheld_complaints
from counts
inner join periods on counts.quarter_start between periods.period_start and periods.period_end
cross join
    lateral (
        values
        ('ingen', 'alle'),
        ('center', counts.centre_id),
        ('lov', counts.law_id),
        ('tema', counts.theme_id)
    ) as breakdowns (breakdown_kind, breakdown_member)
where
    breakdowns.breakdown_member is not null
    -- The administration's own figures are broken down by calendar year only: years that overlap would give away,
    -- by subtraction, cells that are too small to show.
    and (breakdowns.breakdown_kind = 'ingen' or periods.period_kind = 'kalenderaar')
group by
    counts.event, periods.period_kind, periods.period_label, periods.period_start, periods.period_end,
    breakdowns.breakdown_kind, breakdowns.breakdown_member
