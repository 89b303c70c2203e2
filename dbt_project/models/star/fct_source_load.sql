with deliveries as (

    select contract_id from {{ ref('seed_delivery') }}
    union
    select contract_id from {{ ref('int_source_load') }}

),

known as (

    select * from {{ ref('seed_delivery') }}

),

loads as (

    select * from {{ ref('int_source_load') }}

)

select
    deliveries.contract_id,
    known.source_id,
    coalesce(known.name_da, deliveries.contract_id) as delivery_name_da,
    loads.load_id,
    loads.delivery,
    loads.cutoff_date,
    loads.stale_reason,
    loads.load_id is not null as is_delivered,
    coalesce(loads.is_stale, false) as is_stale
from deliveries
left join known on deliveries.contract_id = known.contract_id
left join loads on deliveries.contract_id = loads.contract_id
