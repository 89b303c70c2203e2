{% set group = ['authority', 'family', 'cell_group'] %}
with measures as (

    select
        measured.authority,
        measured.family,
        measured.cell_group,
        measured.cell,
        min(measured.smallest_count) as cell_count,
        bool_or(measured.is_small or coalesce(cells.is_hidden, false)) as is_small
    from {{ ref('int_indicator__own_measured') }} as measured
    left join {{ ref('int_indicator__own_hidden_cells') }} as cells
        on
            measured.authority = cells.authority
            and measured.rests_on = cells.rests_on
            and measured.event = cells.event
            and measured.cell_group = cells.cell_group
            and measured.cell = cells.cell
            and measured.family <> 'overlap'
    where measured.is_small_count_protected and not measured.is_of_centres
    group by measured.authority, measured.family, measured.cell_group, measured.cell

)

select
    {{ group | join(', ') }},
    cell,
    -- The same rule as for cells, for the indicators of one family, which can be worked out from each other.
    {{ is_hidden_with_its_neighbours(group) }}
    or (cell_group = 'kvartal' and bool_or(is_small) over (partition by {{ group | join(', ') }})) as is_hidden
from measures
