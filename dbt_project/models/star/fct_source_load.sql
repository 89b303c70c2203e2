with sources as (

    select source_id from {{ ref('seed_source') }}
    union
    select source_id from {{ ref('int_source_load') }}

),

loads as (

    select * from {{ ref('int_source_load') }}

)

select
    sources.source_id,
    loads.load_id,
    loads.delivery,
    loads.cutoff_date,
    loads.stale_reason,
    loads.load_id is not null as is_delivered,
    coalesce(loads.is_stale, false) as is_stale
from sources
left join loads on sources.source_id = loads.source_id
