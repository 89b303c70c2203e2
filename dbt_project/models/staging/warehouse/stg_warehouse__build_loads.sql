with build_loads as (

    select * from {{ source('audit', 'build_load') }}
    where build_id = {{ var('build_id') | int }}

),

loads as (

    select * from {{ source('audit', 'load') }}

),

joined as (

    select
        build_loads.source_id,
        build_loads.load_id,
        loads.cutoff_date,
        loads.delivery,
        build_loads.stale_reason,
        build_loads.is_stale
    from build_loads
    inner join loads on build_loads.load_id = loads.load_id

)

select * from joined
