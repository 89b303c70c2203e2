select
    contract_id,
    table_name,
    load_id,
    rows_delivered,
    rows_rejected,
    rows_in_force,
    rows_missing,
    rows_held,
    open_since_date
from {{ ref('int_delivered_table') }}
