with criteria as (

    select
        level_date,
        risk_area_id,
        max(assessed_date) as assessed_date,
        round(sum(weight * score) / nullif(sum(weight), 0), 2) as criteria_score,
        {{ join_texts("name_da || ' ' || score", ', ', 'score desc, weight desc, name_da') }} as criteria_da
    from {{ ref('int_risk_criterion') }}
    group by level_date, risk_area_id

),

signals as (

    select
        level_date,
        risk_area_id,
        round(
            sum(case when points is not null then weight * points end)
            / nullif(sum(case when points is not null then weight end), 0), 2
        ) as indicator_score,
        {{ join_texts(
            "case when points > 1 then name_da || ' mindst ' || " ~ danish_number('reached_limit')
            ~ " || case measure when 'pct' then ' pct.' else '' end || ' (' || points || ' point)' end",
            ', ', 'points desc, weight desc, name_da'
        ) }} as raising_da,
        count(points) as signals_measured
    from {{ ref('int_risk_signal') }}
    group by level_date, risk_area_id

)

select
    signals.level_date,
    signals.risk_area_id,
    criteria.assessed_date,
    criteria.criteria_score,
    signals.indicator_score,
    round(
        case
            when criteria.criteria_score is null then signals.indicator_score
            when signals.indicator_score is null then criteria.criteria_score
            else
                (policy.criteria_weight * criteria.criteria_score + policy.indicator_weight * signals.indicator_score)
                / nullif(policy.criteria_weight + policy.indicator_weight, 0)
        end, 2
    ) as score,
    criteria.criteria_da,
    signals.raising_da,
    signals.signals_measured,
    policy.is_example_policy
from signals
left join criteria on signals.level_date = criteria.level_date and signals.risk_area_id = criteria.risk_area_id
cross join {{ ref('dim_risk_policy') }} as policy
