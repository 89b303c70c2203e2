with decided as (

    -- Complaints per number of working days: the median then needs no sorting of single cases.
    select * from {{ ref('int_indicator__complaint_days') }}

),

cells as (

    select * from {{ ref('int_indicator__complaint_cells') }}
    where event = 'decided'

),

by_days as (

    select
        cells.period_kind,
        cells.period_label,
        cells.period_start,
        cells.period_end,
        cells.breakdown_kind,
        cells.breakdown_member,
        decided.working_days,
        sum(decided.complaints) as complaints
    from cells
    inner join decided
        on
            cells.breakdown_kind = decided.breakdown_kind
            and cells.breakdown_member = decided.breakdown_member
            and decided.quarter_start between cells.period_start and cells.period_end
    group by
        cells.period_kind, cells.period_label, cells.period_start, cells.period_end,
        cells.breakdown_kind, cells.breakdown_member, decided.working_days

),

running as (

    select
        *,
        sum(complaints) over (
            partition by period_kind, period_label, breakdown_kind, breakdown_member order by working_days
        ) as complaints_so_far,
        sum(complaints) over (partition by period_kind, period_label, breakdown_kind, breakdown_member) as n
    from by_days

)

select
    'klager_sagsbehandling_median_arbejdsdage' as indicator_id,
    period_kind,
    period_label,
    period_start,
    period_end,
    breakdown_kind,
    breakdown_member,
    cast(null as numeric) as numerator,
    cast(null as numeric) as denominator,
    -- With an even number the median lies between the two in the middle.
    round((
        min(case when complaints_so_far >= floor((n + 1) / 2) then working_days end)
        + min(case when complaints_so_far >= ceil((n + 1) / 2) then working_days end)
    ) / 2.0, 1) as value,
    n,
    n as event_n
from running
group by period_kind, period_label, period_start, period_end, breakdown_kind, breakdown_member, n
