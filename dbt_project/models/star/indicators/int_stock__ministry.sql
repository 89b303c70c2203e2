with points as (

    select * from {{ ref('fct_ministry_point') }}
    where follow_up_status <> 'bortfaldet'

),

known as (

    select
        authority,
        min(opened_date) as first_date
    from points
    group by authority

),

periods as (

    -- The running period stands as it does today; it ends later.
    select
        known.*,
        periods.period_kind,
        periods.period_label,
        least(periods.period_end, {{ as_of_date() }}) as counted_date
    from known
    inner join {{ ref('int_period') }} as periods
        on known.first_date <= periods.period_end and periods.period_start <= {{ as_of_date() }}

)

select
    'ministeriets_punkter_aabne' as indicator_id,
    1 as indicator_version,
    periods.authority,
    periods.period_kind,
    periods.period_label,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    points.theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(count(points.ministry_point_key) as numeric) as numerator,
    cast(null as numeric) as denominator,
    count(points.ministry_point_key) as events
from periods
left join points
    on
        periods.authority = points.authority
        and periods.counted_date >= points.opened_date
        and (points.closed_date is null or periods.counted_date < points.closed_date)
group by periods.authority, periods.period_kind, periods.period_label, points.theme_id
