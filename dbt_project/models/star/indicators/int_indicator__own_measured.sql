{% set threshold = var('suppression_threshold') | int %}
{% set cell = ['indicator_id', 'authority', 'period_kind', 'period_label', 'breakdown_kind', 'breakdown_member'] %}
with unioned as (

    {% for counted in ['flows', 'stocks', 'overlap'] %}
    select
        {{ cell | join(', ') }},
        numerator,
        denominator,
        cast(null as numeric) as median,
        events as event_n
    from {{ ref('int_indicator__' ~ counted) }}
    union all
    {% endfor %}
    select
        {{ cell | join(', ') }},
        cast(null as numeric) as numerator,
        cast(null as numeric) as denominator,
        value as median,
        cases as event_n
    from {{ ref('int_indicator__medians') }}

),

valued as (

    select
        unioned.*,
        periods.source_id,
        periods.rests_on,
        periods.event,
        periods.family,
        periods.unit,
        periods.is_small_count_protected,
        -- One rule for every indicator: a unit says how its value comes from what is above and below the line.
        case
            when unioned.median is not null then unioned.median
            when periods.unit = 'pct' then round(100 * unioned.numerator / nullif(unioned.denominator, 0), 4)
            when periods.unit = 'antal' or unioned.denominator is null then unioned.numerator
            else round(unioned.numerator / nullif(unioned.denominator, 0), 4)
        end as value,
        -- Amounts of money and hours are not cases.
        least(abs(coalesce(unioned.denominator, unioned.numerator)), unioned.event_n) as n
    from unioned
    inner join {{ ref('int_indicator__periods') }} as periods
        on
            unioned.indicator_id = periods.indicator_id
            and unioned.period_kind = periods.period_kind
            and unioned.period_label = periods.period_label

),

placed as (

    select
        *,
        -- The smallest count that a reader could work out from the cell.
        case
            when unit = 'pct' then coalesce(least(numerator, denominator - numerator), n)
            else n
        end as smallest_count,
        -- Made of what the centres' years are made of, and hidden with them.
        breakdown_kind = 'center_nu' or (period_kind = 'kvartal' and breakdown_kind = 'center') as is_of_centres,
        case
            when period_kind = 'kvartal' then 'kalenderaar ' || substr(period_label, 1, 4)
            else period_kind || ' ' || period_label
        end || ' center' as centres_cell_group,
        -- Cells that add up to the same total: the quarters of all years are one such group, a year's quarters of one
        -- centre are one cell.
        case
            when period_kind = 'kvartal' and breakdown_kind = 'ingen' then 'kvartal'
            when period_kind = 'kvartal' and breakdown_kind = 'center' then 'kvartal ' || substr(period_label, 1, 4)
            else period_kind || ' ' || period_label || ' ' || breakdown_kind
        end as cell_group,
        case
            when period_kind = 'kvartal' and breakdown_kind = 'ingen' then period_label
            else breakdown_member
        end as cell
    from valued

)

select
    *,
    event_n > 0 and event_n < {{ threshold }} as is_event_small,
    (n > 0 and n < {{ threshold }}) or (smallest_count > 0 and smallest_count < {{ threshold }}) as is_small
from placed
