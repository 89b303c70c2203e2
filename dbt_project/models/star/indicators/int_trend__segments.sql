with passed as (

    -- The newest break that a period has passed; one before the series began breaks nothing.
    select
        points.series_key,
        points.period_start,
        max(breaks.first_period_start) as broken_date
    from {{ ref('int_trend__points') }} as points
    inner join {{ ref('int_trend__breaks') }} as breaks
        on points.series_key = breaks.series_key and points.period_start >= breaks.first_period_start
    group by points.series_key, points.period_start

),

numbered as (

    select
        points.*,
        passed.broken_date,
        cast(
            dense_rank() over (partition by points.series_key order by passed.broken_date nulls first) as integer
        ) as segment
    from {{ ref('int_trend__points') }} as points
    left join passed on points.series_key = passed.series_key and points.period_start = passed.period_start

)

select
    numbered.*,
    case when numbered.segment > 1 then breaks.break_reason_da end as break_reason_da
from numbered
left join {{ ref('int_trend__breaks') }} as breaks
    on numbered.series_key = breaks.series_key and numbered.broken_date = breaks.first_period_start
