{% set threshold = var('suppression_threshold') | int %}
with unioned as (

    select * from {{ ref('int_indicator__complaint_ratios') }}
    union all
    select * from {{ ref('int_indicator__complaint_medians') }}
    union all
    select * from {{ ref('int_indicator__overlap') }}

),

indicators as (

    select * from {{ ref('seed_indicator') }}

),

measured as (

    select
        unioned.*,
        indicators.source_id,
        indicators.event,
        indicators.family,
        -- The smallest count that a reader could work out from the cell.
        case
            when indicators.unit = 'pct' then least(unioned.numerator, unioned.denominator - unioned.numerator)
            else unioned.n
        end as smallest_count,
        -- Cells that add up to the same total; the quarters of all years are one such group.
        case
            when unioned.period_kind = 'kvartal' then 'kvartal'
            else unioned.period_kind || ' ' || unioned.period_label || ' ' || unioned.breakdown_kind
        end as cell_group,
        case
            when unioned.period_kind = 'kvartal' then unioned.period_label
            else unioned.breakdown_member
        end as cell
    from unioned
    inner join indicators on unioned.indicator_id = indicators.indicator_id and indicators.valid_to_year is null

)

select
    *,
    event_n > 0 and event_n < {{ threshold }} as is_event_small,
    (n > 0 and n < {{ threshold }}) or (smallest_count > 0 and smallest_count < {{ threshold }}) as is_small
from measured
