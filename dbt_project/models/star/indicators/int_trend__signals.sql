with tested as (

    select
        series_key,
        segment,
        period_start,
        sign(adjusted_value - segment_mean) as side,
        abs(adjusted_value - segment_mean) > 2.66 * mean_moving_range as is_beyond,
        case
            when abs(adjusted_value - segment_mean) > 1.33 * mean_moving_range then sign(adjusted_value - segment_mean)
            else 0
        end as near_side
    from {{ ref('int_trend__limits') }}
    where is_in_limits and trend_status = 'ok'

),

numbered as (

    -- Points on the same side that follow one another have the same run_number.
    select
        *,
        row_number() over segment_in_order
        - row_number() over (partition by series_key, segment, side order by period_start) as run_number,
        count(case when near_side = 1 then 1 end) over four as near_above,
        count(case when near_side = -1 then 1 end) over four as near_below
    from tested
    window
        segment_in_order as (partition by series_key, segment order by period_start),
        four as (segment_in_order rows between 3 preceding and current row)

),

reached as (

    select
        *,
        count(*) over (partition by series_key, segment, side, run_number) as run_length,
        max(near_above) over coming as most_near_above,
        max(near_below) over coming as most_near_below
    from numbered
    window
        coming as (
            partition by series_key, segment order by period_start rows between current row and 3 following
        )

)

select
    series_key,
    segment,
    period_start,
    nullif(
        concat_ws(
            '; ',
            case when is_beyond then 'uden_for_graense' end,
            case when side <> 0 and run_length >= 8 then 'otte_paa_samme_side' end,
            case
                when (near_side = 1 and most_near_above >= 3) or (near_side = -1 and most_near_below >= 3)
                    then 'tre_af_fire_naer_graense'
            end
        ), ''
    ) as signal_rule
from reached
