with series as (

    select distinct
        series_key,
        indicator_id,
        authority
    from {{ ref('int_trend__points') }}

)

select
    series.series_key,
    breaks.first_period_start,
    string_agg(breaks.reason_da, '; ' order by breaks.reason_da) as break_reason_da
from series
inner join {{ ref('dim_series_break') }} as breaks
    on
        series.indicator_id = breaks.indicator_id
        and (breaks.authority is null or series.authority = breaks.authority)
group by series.series_key, breaks.first_period_start
