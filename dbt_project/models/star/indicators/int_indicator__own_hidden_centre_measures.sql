with measured as (

    select
        measured.authority,
        measured.family,
        measured.cell_group,
        measured.centres_cell_group,
        measured.breakdown_kind,
        measured.period_label,
        measured.cell,
        measured.smallest_count as cell_count,
        measured.n,
        measured.is_small or coalesce(cells.is_hidden, false) as is_small
    from {{ ref('int_indicator__own_measured') }} as measured
    left join {{ ref('int_indicator__own_hidden_centre_cells') }} as cells
        on
            measured.authority = cells.authority
            and measured.rests_on = cells.rests_on
            and measured.event = cells.event
            and measured.cell_group = cells.cell_group
            and measured.cell = cells.cell
    where measured.is_small_count_protected and measured.is_of_centres

),

{{ hidden_of_centres('int_indicator__own_hidden_measures', ['authority', 'family']) }}
