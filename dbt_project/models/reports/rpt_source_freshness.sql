with loads as (

    select * from {{ ref('fct_source_load') }}
    where is_delivered or source_id in (select source_id from {{ ref('dim_indicator') }})

),

sources as (

    select * from {{ ref('dim_source') }}

)

select
    loads.source_id,
    coalesce(sources.name_da, 'Organisationen') as source_name_da,
    loads.load_id,
    loads.delivery,
    loads.cutoff_date,
    loads.is_delivered,
    loads.is_stale or not loads.is_delivered as is_stale,
    case
        when not loads.is_delivered then 'Kilden har ikke leveret'
        else loads.stale_reason
    end as stale_reason
from loads
left join sources on loads.source_id = sources.source_id
