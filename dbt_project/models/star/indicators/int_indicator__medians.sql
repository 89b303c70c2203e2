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
        sum(case when is_censored then 0 else cases end) as closed_cases,
        bool_or(is_fictional) as is_fictional
    from dated
    group by {{ cell | join(', ') }}, days

),

running as (

    select
        *,
        sum(closed_cases) over so_far as closed_so_far,
        sum(closed_cases) over whole as all_closed,
        sum(cases) over whole as all_cases,
        -- A case is at risk of ending on each day until it does or was last seen.
        sum(cases) over whole - sum(cases) over so_far + cases as at_risk
    from by_days
    window whole as (partition by {{ cell | join(', ') }}), so_far as (whole order by days)

),

surviving as (

    -- Kaplan–Meier: the share still open after so many days is the product of the shares left open on each of them.
    -- Rounded, so that a share of exactly one half is one.
    select
        *,
        case
            when closed_cases = at_risk then 0
            else
                round(exp(sum(ln(case when closed_cases < at_risk then 1 - closed_cases / at_risk end)) over so_far), 9)
        end as share_open
    from running
    window so_far as (partition by {{ cell | join(', ') }} order by days)

)

select
    {{ cell | join(', ') }},
    case
        when is_survival then cast(min(case when share_open <= 0.5 then days end) as numeric)
        -- With an even number the median lies between the two in the middle.
        else round((
            min(case when 2 * closed_so_far >= all_closed then days end)
            + min(case when 2 * closed_so_far > all_closed then days end)
        ) / 2.0, 1)
    end as value,
    case when is_survival then all_cases else all_closed end as cases,
    bool_or(is_fictional) as is_fictional
from surviving
where is_survival or all_closed > 0
group by {{ cell | join(', ') }}, is_survival, all_cases, all_closed
