select
    areas.risk_area_id,
    areas.name_da,
    states.assessed_date,
    states.criteria_score,
    states.indicator_score,
    states.score,
    states.level,
    levels.level_name_da,
    states.reasons_da,
    states.is_example_policy
from {{ ref('dim_risk_area') }} as areas
inner join {{ ref('fct_risk_level') }} as states
    on areas.risk_area_id = states.risk_area_id and states.level_date = {{ as_of_date() }}
left join {{ ref('dim_risk_level') }} as levels on states.level = levels.level
