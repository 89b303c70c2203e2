with open_rejects as (

    select
        contract_id,
        table_name,
        count(case when not is_held then 1 end) as rows_missing,
        count(case when is_held then 1 end) as rows_held,
        min(first_cutoff_date) as open_since_date
    from {{ ref('stg_warehouse__open_rejects') }}
    group by contract_id, table_name

)

select
    delivered.contract_id,
    delivered.table_name,
    delivered.load_id,
    delivered.rows_delivered,
    delivered.rows_rejected,
    coalesce(in_force.rows_in_force, 0) as rows_in_force,
    coalesce(open_rejects.rows_missing, 0) as rows_missing,
    coalesce(open_rejects.rows_held, 0) as rows_held,
    open_rejects.open_since_date
from {{ ref('stg_warehouse__delivered_tables') }} as delivered
left join open_rejects
    on delivered.contract_id = open_rejects.contract_id and delivered.table_name = open_rejects.table_name
left join {{ ref('stg_warehouse__rows_in_force') }} as in_force
    on delivered.contract_id = in_force.contract_id and delivered.table_name = in_force.table_name
