{% set enough = 2 * var('suppression_threshold') | int %}
with cells as (

    -- Received or decided complaints per cell, whatever is measured on them.
    select
        event,
        cell_group,
        cell,
        max(event_n) as cell_count,
        bool_or(is_event_small) as is_small
    from {{ ref('int_indicator__own_measured') }}
    where family <> 'overlap'
    group by event, cell_group, cell

),

ordered as (

    select
        *,
        bool_or(is_small) over (partition by event, cell_group) as is_group_touched,
        count(*) over before_this as cells_before,
        coalesce(sum(cell_count) over before_this, 0) as count_before
    from cells
    window before_this as (
        partition by event, cell_group
        order by is_small desc, cell_count = 0, cell_count asc, cell asc
        rows between unbounded preceding and 1 preceding
    )

)

select
    event,
    cell_group,
    cell,
    -- A hidden cell takes the next smallest with it, until two are hidden and together they are not small:
    -- otherwise the total less the others would give it away. A quarter takes all quarters with it.
    is_small
    or (
        is_group_touched
        and (cell_group = 'kvartal' or cells_before < 2 or (count_before < {{ enough }} and cell_count > 0))
    ) as is_hidden
from ordered
