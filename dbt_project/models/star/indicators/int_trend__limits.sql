with points as (

    select
        segments.*,
        seasons.is_seasonally_adjusted,
        seasons.seasonal_share,
        case when seasons.is_seasonally_adjusted then seasons.quarter_deviation else 0 end as seasonal_deviation
    from {{ ref('int_trend__segments') }} as segments
    inner join {{ ref('int_trend__seasons') }} as seasons
        on
            segments.series_key = seasons.series_key
            and segments.segment = seasons.segment
            and segments.period_start = seasons.period_start

),

ranged as (

    -- A moving range is between two neighbouring periods: none over a gap, none over a break.
    select
        *,
        value - seasonal_deviation as adjusted_value,
        case
            when is_in_limits and lag(is_in_limits) over segment_in_order
                then abs((value - seasonal_deviation) - lag(value - seasonal_deviation) over segment_in_order)
        end as moving_range
    from points
    window segment_in_order as (partition by series_key, segment order by period_start)

),

averaged as (

    select
        series_key,
        segment,
        round(avg(adjusted_value), 6) as segment_mean,
        round(avg(moving_range), 6) as mean_moving_range,
        count(*) as points_in_limits
    from ranged
    where is_in_limits
    group by series_key, segment

)

select
    ranged.*,
    coalesce(averaged.points_in_limits, 0) as points_in_limits,
    averaged.segment_mean,
    averaged.mean_moving_range,
    case
        when ranged.is_cumulative then 'kumulativ'
        when coalesce(averaged.points_in_limits, 0) < {{ var('trend_minimum_points') }} then 'for_kort'
        when coalesce(averaged.mean_moving_range, 0) = 0 then 'ingen_variation'
        else 'ok'
    end as trend_status
from ranged
left join averaged on ranged.series_key = averaged.series_key and ranged.segment = averaged.segment
