select
    policy_id,
    note_da,
    criteria_weight,
    indicator_weight,
    population_months,
    least_cases,
    external_high_from_pct,
    own_high_from_pct,
    is_example as is_example_policy
from {{ ref('seed_risk_policy') }}
