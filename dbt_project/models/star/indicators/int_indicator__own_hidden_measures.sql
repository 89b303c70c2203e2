{% set enough = 2 * var('suppression_threshold') | int %}
with measures as (

    select
        measured.family,
        measured.cell_group,
        measured.cell,
        min(measured.smallest_count) as smallest_count,
        bool_or(measured.is_small or coalesce(cells.is_hidden, false)) as is_small
    from {{ ref('int_indicator__own_measured') }} as measured
    left join {{ ref('int_indicator__own_hidden_cells') }} as cells
        on
            measured.event = cells.event
            and measured.cell_group = cells.cell_group
            and measured.cell = cells.cell
            and measured.family <> 'overlap'
    group by measured.family, measured.cell_group, measured.cell

),

ordered as (

    select
        *,
        bool_or(is_small) over (partition by family, cell_group) as is_group_touched,
        count(*) over before_this as cells_before,
        coalesce(sum(smallest_count) over before_this, 0) as count_before
    from measures
    window before_this as (
        partition by family, cell_group
        order by is_small desc, smallest_count = 0, smallest_count asc, cell asc
        rows between unbounded preceding and 1 preceding
    )

)

select
    family,
    cell_group,
    cell,
    -- The same rule as for cells, for the indicators of one family, which can be worked out from each other.
    is_small
    or (
        is_group_touched
        and (cell_group = 'kvartal' or cells_before < 2 or (count_before < {{ enough }} and smallest_count > 0))
    ) as is_hidden
from ordered
