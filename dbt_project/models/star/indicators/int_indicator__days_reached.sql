{% set cell = ['indicator_id', 'authority', 'period_kind', 'period_label', 'breakdown_kind', 'breakdown_member'] %}
with parts as (

    -- The quarters that a period is made of: equal keys join faster than ranges.
    select
        periods.*,
        days.quarter_start
    from {{ ref('int_indicator__measured_periods') }} as periods
    inner join (select distinct quarter_start from {{ ref('int_indicator__days') }}) as days
        on days.quarter_start between periods.period_start and periods.period_end

),

dated as (

    select
        parts.period_kind,
        parts.period_label,
        durations.*
    from parts
    inner join {{ ref('int_indicator__days') }} as durations
        on
            parts.indicator_id = durations.indicator_id
            and parts.authority = durations.authority
            and parts.quarter_start = durations.quarter_start
    where {{ is_broken_down('parts.period_kind', 'durations.breakdown_kind', 'parts.is_only_period_kind') }}

),

by_days as (

    select
        {{ cell | join(', ') }},
        days,
        indicator_id like '%\_km\_median\_%' as is_survival,
        sum(cases) as cases,
        sum(case when is_censored then 0 else cases end) as closed_cases
    from dated
    group by {{ cell | join(', ') }}, days

)

select
    *,
    sum(closed_cases) over so_far as closed_so_far,
    sum(closed_cases) over whole as all_closed,
    sum(cases) over whole as all_cases,
    -- A case is at risk of ending on each day until it does or was last seen.
    sum(cases) over whole - sum(cases) over so_far + cases as at_risk
from by_days
window whole as (partition by {{ cell | join(', ') }}), so_far as (whole order by days)
