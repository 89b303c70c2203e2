select
    round_id,
    drawn_date,
    seed
from {{ ref('seed_risk_policy_round') }}
