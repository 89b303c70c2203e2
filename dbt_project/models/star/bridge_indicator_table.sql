select
    indicator_id,
    contract_id,
    table_name,
    most_cases
from {{ ref('seed_indicator_table') }}
