select
    level,
    level_name_da,
    from_score,
    frequency_months,
    cases_per_round
from {{ ref('seed_risk_policy_level') }}
