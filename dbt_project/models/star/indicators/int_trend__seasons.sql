with points as (

    select
        *,
        cast(extract(quarter from period_start) as integer) as calendar_quarter,
        case when is_in_limits then value end as counted
    from {{ ref('int_trend__segments') }}

),

averaged as (

    select
        *,
        avg(counted) over (partition by series_key, segment) as segment_mean,
        avg(counted) over (partition by series_key, segment, calendar_quarter) as quarter_mean,
        count(counted) over (partition by series_key, segment, calendar_quarter) as quarter_values
    from points

),

patterns as (

    -- How much of the variation in a segment the quarter of the year accounts for (R squared).
    select
        series_key,
        segment,
        sum((quarter_mean - segment_mean) * (quarter_mean - segment_mean))
        / nullif(sum((counted - segment_mean) * (counted - segment_mean)), 0) as seasonal_share,
        count(distinct calendar_quarter) as quarters,
        min(quarter_values) as years
    from averaged
    where counted is not null and period_kind = 'kvartal'
    group by series_key, segment

)

select
    averaged.series_key,
    averaged.segment,
    averaged.period_start,
    round(patterns.seasonal_share, 4) as seasonal_share,
    coalesce(
        patterns.quarters = 4
        and patterns.years >= {{ var('trend_season_minimum_years') }}
        and patterns.seasonal_share >= {{ var('trend_season_minimum_share') }},
        false
    ) as is_seasonally_adjusted,
    round(averaged.quarter_mean - averaged.segment_mean, 6) as quarter_deviation
from averaged
left join patterns on averaged.series_key = patterns.series_key and averaged.segment = patterns.segment
