with by_days as (

    select
        periods.indicator_id,
        periods.authority,
        periods.period_kind,
        periods.period_label,
        durations.breakdown_kind,
        durations.breakdown_member,
        durations.days,
        sum(durations.cases) as cases,
        sum(case when durations.is_censored then 0 else durations.cases end) as closed_cases,
        bool_or(durations.is_fictional) as is_fictional
    from {{ ref('int_indicator__measured_periods') }} as periods
    inner join {{ ref('int_indicator__days') }} as durations
        on
            periods.indicator_id = durations.indicator_id
            and periods.authority = durations.authority
            and durations.quarter_start between periods.period_start and periods.period_end
    where {{ is_broken_down('periods.period_kind', 'durations.breakdown_kind', 'periods.is_only_period_kind') }}
    group by
        periods.indicator_id, periods.authority, periods.period_kind, periods.period_label,
        durations.breakdown_kind, durations.breakdown_member, durations.days

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
    window
        whole as (
            partition by indicator_id, authority, period_kind, period_label, breakdown_kind, breakdown_member
        ),
        so_far as (
            partition by indicator_id, authority, period_kind, period_label, breakdown_kind, breakdown_member
            order by days
        )

),

surviving as (

    -- Kaplan–Meier: the share still open after so many days is the product of the shares left open on each of them.
    -- Rounded, so that a share of exactly one half is one.
    select
        *,
        indicator_id like '%\_km\_median\_%' as is_survival,
        case
            when closed_cases = at_risk then 0
            else
                round(exp(sum(ln(case when closed_cases < at_risk then 1 - closed_cases / at_risk end)) over so_far), 9)
        end as share_open
    from running
    window so_far as (
        partition by indicator_id, authority, period_kind, period_label, breakdown_kind, breakdown_member
        order by days
    )

)

select
    indicator_id,
    authority,
    period_kind,
    period_label,
    breakdown_kind,
    breakdown_member,
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
group by
    indicator_id, authority, period_kind, period_label, breakdown_kind, breakdown_member,
    is_survival, all_cases, all_closed
