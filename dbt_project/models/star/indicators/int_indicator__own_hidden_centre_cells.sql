with measured as (

    select
        authority,
        rests_on,
        event,
        cell_group,
        centres_cell_group,
        breakdown_kind,
        period_label,
        cell,
        max(event_n) as cell_count,
        max(event_n) as n,
        bool_or(is_event_small) as is_small
    from {{ ref('int_indicator__own_measured') }}
    where is_small_count_protected and family <> 'overlap' and is_of_centres
    group by
        authority, rests_on, event, cell_group, centres_cell_group, breakdown_kind, period_label, cell

),

{{ hidden_of_centres('int_indicator__own_hidden_cells', ['authority', 'rests_on', 'event']) }}
