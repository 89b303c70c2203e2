with limits as (

    -- The limits follow the quarter of the year where there is a seasonal pattern, so that the value stands as it is.
    select
        *,
        segment_mean + seasonal_deviation as centre,
        segment_mean + seasonal_deviation - 2.66 * mean_moving_range as lower,
        segment_mean + seasonal_deviation + 2.66 * mean_moving_range as upper
    from {{ ref('int_trend__limits') }}

)

select
    {{ key(['limits.series_key', 'limits.period_label']) }} as trend_point_key,
    limits.series_key,
    limits.indicator_value_key,
    limits.indicator_id,
    limits.source_id,
    limits.authority,
    limits.organisation_id,
    limits.breakdown_kind,
    limits.breakdown_member,
    limits.period_kind,
    limits.period_label,
    limits.period_start,
    limits.period_end,
    limits.segment,
    limits.value,
    case when limits.is_seasonally_adjusted then round(limits.adjusted_value, 4) end as adjusted_value,
    case when limits.trend_status not in ('for_kort', 'kumulativ') then round(limits.centre, 4) end as centre_line,
    case
        when limits.trend_status = 'ok' and not (limits.is_never_negative and limits.lower < 0)
            then round(limits.lower, 4)
    end as lower_limit,
    case
        when limits.trend_status = 'ok' and not (limits.is_never_above_whole and limits.upper > 100)
            then round(limits.upper, 4)
    end as upper_limit,
    case
        when limits.trend_status not in ('for_kort', 'kumulativ') then round(limits.mean_moving_range, 4)
    end as mean_moving_range,
    cast(limits.points_in_limits as integer) as points_in_limits,
    limits.seasonal_share,
    signals.signal_rule,
    limits.trend_status,
    limits.status,
    limits.break_reason_da,
    limits.is_in_limits,
    limits.is_seasonally_adjusted,
    signals.signal_rule is not null as is_signal,
    {{ is_fictional('limits.authority') }} as is_fictional
from limits
left join {{ ref('int_trend__signals') }} as signals
    on limits.series_key = signals.series_key and limits.period_start = signals.period_start
