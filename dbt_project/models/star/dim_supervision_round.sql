select
    round_id,
    drawn_date,
    seed
from {{ ref('seed_example_policy_round') }}
