with counted as (

    select
        dates.level_date,
        areas.risk_area_id,
        signals.finding_kind,
        coalesce(sum(findings.cases), 0) as cases,
        coalesce(sum(findings.findings), 0) as findings
    from {{ ref('int_risk_level__dates') }} as dates
    cross join {{ ref('dim_risk_area') }} as areas
    cross join {{ ref('dim_risk_signal') }} as signals
    left join {{ ref('fct_risk_finding') }} as findings
        on
            areas.risk_area_id = findings.risk_area_id
            and signals.finding_kind = findings.finding_kind
            and dates.level_date >= findings.finding_date
            and findings.finding_date > {{ add_months('dates.level_date', '-signals.window_months') }}
    group by dates.level_date, areas.risk_area_id, signals.finding_kind

),

measured as (

    -- No remark is good news only where the auditors have reported at all.
    select
        counted.level_date,
        counted.risk_area_id,
        counted.finding_kind,
        counted.cases,
        counted.findings,
        signals.name_da,
        signals.measure,
        signals.weight,
        signals.points_2_from,
        signals.points_3_from,
        signals.points_4_from,
        signals.points_5_from,
        case
            when signals.measure = 'pct' and counted.cases >= greatest(signals.least_cases, 1)
                then 100.0 * counted.findings / counted.cases
            when
                signals.measure = 'antal'
                and sum(counted.findings) over (partition by counted.level_date, counted.finding_kind) > 0
                then counted.findings
        end as value
    from counted
    inner join {{ ref('dim_risk_signal') }} as signals on counted.finding_kind = signals.finding_kind

)

select
    level_date,
    risk_area_id,
    finding_kind,
    name_da,
    measure,
    weight,
    cases,
    findings,
    case
        when value is null then null
        when value >= points_5_from then 5
        when value >= points_4_from then 4
        when value >= points_3_from then 3
        when value >= points_2_from then 2
        else 1
    end as points,
    case
        when value >= points_5_from then points_5_from
        when value >= points_4_from then points_4_from
        when value >= points_3_from then points_3_from
        when value >= points_2_from then points_2_from
    end as reached_limit
from measured
