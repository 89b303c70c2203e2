{% set group = ['authority', 'rests_on', 'event', 'cell_group'] %}
with cells as (

    -- The cases that one event dates, per cell, whatever is measured on them.
    select
        {{ group | join(', ') }},
        cell,
        max(event_n) as cell_count,
        bool_or(is_event_small) as is_small
    from {{ ref('int_indicator__own_measured') }}
    where is_small_count_protected and family <> 'overlap' and not is_of_centres
    group by {{ group | join(', ') }}, cell

)

select
    {{ group | join(', ') }},
    cell,
    {{ is_hidden_with_its_neighbours(group) }}
    -- A quarter takes all quarters with it.
    or (cell_group = 'kvartal' and bool_or(is_small) over (partition by {{ group | join(', ') }})) as is_hidden
from cells
