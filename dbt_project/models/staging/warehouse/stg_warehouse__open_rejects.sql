with build_loads as (

    select * from {{ source('audit', 'build_load') }}
    where build_id = {{ var('build_id') | int }}

),

standing as (

    -- As it stood when the build began, whatever has been delivered or accepted since. A delivery taken in beside the
    -- history (below zero) has its own set-aside rows and no others.
    select standing.*
    from {{ source('audit', 'reject_standing') }} as standing
    inner join build_loads on standing.source_id = build_loads.source_id
    where
        case
            when build_loads.load_id < 0 then standing.load_id = build_loads.load_id
            else
                standing.load_id between 1 and build_loads.load_id
                and (standing.resolved_by_load is null or standing.resolved_by_load > build_loads.load_id)
        end
        and (standing.acceptance_id is null or standing.acceptance_id > {{ var('acceptances') | int }})

),

set_aside as (

    select
        row_id,
        source_id,
        table_name,
        min(load_id) as first_load_id,
        bool_or(holds_previous) as is_held
    from standing
    group by row_id, source_id, table_name

)

select
    set_aside.row_id,
    set_aside.source_id as contract_id,
    set_aside.table_name,
    loads.cutoff_date as first_cutoff_date,
    set_aside.is_held
from set_aside
inner join {{ source('audit', 'load') }} as loads on set_aside.first_load_id = loads.load_id
