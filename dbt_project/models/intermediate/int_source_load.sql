select
    source_id as contract_id,
    load_id,
    delivery,
    cutoff_date,
    stale_reason,
    is_stale
from {{ ref('stg_warehouse__build_loads') }}
