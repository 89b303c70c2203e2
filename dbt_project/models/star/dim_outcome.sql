select
    outcome_id,
    name_da,
    outcome_kind,
    is_decided_on_merits,
    is_upheld,
    is_reversal
from {{ ref('seed_outcome') }}
