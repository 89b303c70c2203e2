select
    contract_id,
    source_id,
    delivery_name_da,
    load_id,
    delivery,
    cutoff_date,
    is_delivered,
    is_stale or not is_delivered as is_stale,
    case
        when not is_delivered then 'Kilden har ikke leveret'
        else stale_reason
    end as stale_reason
from {{ ref('fct_source_load') }}
