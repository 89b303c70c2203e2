with items as (

    select
        *,
        case source_id
            when 'borgerraadgiveren' then 'borgerraadgiver_aabne_anbefalinger'
            when 'ombudsmanden' then 'ombudsmand_aabne_anbefalinger'
        end as indicator_id
    from {{ ref('fct_follow_up') }}
    where follow_up_kind = 'anbefaling'

),

periods as (

    -- From the first recommendation up to the period that the build's day is in, counted as it stands that day.
    select
        periods.period_kind,
        periods.period_label,
        least(periods.period_end, {{ as_of_date() }}) as counted_date,
        began.indicator_id
    from {{ ref('int_period') }} as periods
    inner join (
        select
            indicator_id,
            min(opened_date) as opened_date
        from items
        where indicator_id is not null
        group by indicator_id
    ) as began
        on periods.period_end >= began.opened_date and periods.period_start <= {{ as_of_date() }}

),

counted as (

    select
        periods.indicator_id,
        periods.period_kind,
        periods.period_label,
        items.centre_id,
        items.law_id,
        items.theme_id,
        items.risk_area_id,
        count(items.follow_up_key) as open_items
    from periods
    left join items
        on
            periods.indicator_id = items.indicator_id
            and periods.counted_date >= items.opened_date
            -- Closed on a day after it, or open still; what was closed on an unknown day is taken as closed.
            and (periods.counted_date < items.closed_date or items.is_open)
    group by
        periods.indicator_id, periods.period_kind, periods.period_label,
        items.centre_id, items.law_id, items.theme_id, items.risk_area_id

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    period_kind,
    period_label,
    centre_id,
    law_id,
    theme_id,
    risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(open_items as numeric) as numerator,
    cast(null as numeric) as denominator,
    open_items as events
from counted
