with build_loads as (

    select * from {{ source('audit', 'build_load') }}
    where build_id = {{ var('build_id') | int }}

)

select
    build_loads.source_id as contract_id,
    load_tables.table_name,
    load_tables.load_id,
    load_tables.rows_delivered,
    load_tables.rows_rejected
from build_loads
inner join {{ source('audit', 'load_table') }} as load_tables on build_loads.load_id = load_tables.load_id
