with periods as (

    select * from {{ ref('int_indicator__measured_periods') }}

),

quarters as (

    select * from {{ ref('int_indicator__quarters') }}

),

parts as (

    -- The quarters that a period is made of: equal keys join faster than ranges.
    select
        periods.*,
        days.quarter_start
    from periods
    inner join (select distinct quarter_start from quarters) as days
        on days.quarter_start between periods.period_start and periods.period_end

),

cells as (

    select
        parts.indicator_id,
        parts.authority,
        parts.period_kind,
        parts.period_label,
        quarters.breakdown_kind,
        quarters.breakdown_member,
        {{ known_sum('quarters.numerator') }} as numerator,
        {{ known_sum('quarters.denominator') }} as denominator,
        sum(quarters.events) as events
    from parts
    inner join quarters
        on
            parts.indicator_id = quarters.indicator_id
            and parts.authority = quarters.authority
            and parts.quarter_start = quarters.quarter_start
            -- What is handed over under one version of the definition counts only where that version holds.
            and parts.indicator_version = coalesce(quarters.indicator_version, parts.indicator_version)
    where {{ is_broken_down('parts.period_kind', 'quarters.breakdown_kind', 'parts.is_only_period_kind') }}
    group by
        parts.indicator_id, parts.authority, parts.period_kind, parts.period_label,
        quarters.breakdown_kind, quarters.breakdown_member

)

select * from cells
union all
-- Nothing counted in a period that is over, after the first count and before the deliveries end: 0, not unknown.
select
    periods.indicator_id,
    periods.authority,
    periods.period_kind,
    periods.period_label,
    'ingen' as breakdown_kind,
    'alle' as breakdown_member,
    0 as numerator,
    cast(null as numeric) as denominator,
    0 as events
from periods
left join cells
    on
        periods.indicator_id = cells.indicator_id
        and periods.authority = cells.authority
        and periods.period_kind = cells.period_kind
        and periods.period_label = cells.period_label
        and cells.breakdown_kind = 'ingen'
where
    cells.indicator_id is null
    and periods.unit = 'antal'
    and periods.is_additive_over_periods
    and periods.period_end <= {{ as_of_date() }}
