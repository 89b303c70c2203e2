with names as (

    select
        *,
        row_number() over (partition by indicator_id order by version desc) as place
    from {{ ref('dim_indicator') }}

),

units as (

    select
        unit_id,
        name,
        row_number() over (partition by unit_id order by valid_from_date desc) as place
    from {{ ref('dim_organisation') }}

)

select
    trends.trend_point_key,
    trends.series_key,
    trends.indicator_value_key,
    trends.indicator_id,
    names.name_da as indicator_name_da,
    trends.source_id,
    sources.name_da as source_name_da,
    sources.is_external,
    trends.authority,
    trends.organisation_id,
    units.name as organisation_name,
    trends.breakdown_kind,
    trends.breakdown_member,
    trends.period_kind,
    trends.period_label,
    trends.period_start,
    trends.period_end,
    names.unit,
    names.decimals,
    names.direction,
    names.population_da,
    trends.value,
    trends.adjusted_value,
    trends.centre_line,
    trends.lower_limit,
    trends.upper_limit,
    trends.mean_moving_range,
    trends.segment,
    trends.points_in_limits,
    trends.seasonal_share,
    trends.signal_rule,
    trends.trend_status,
    trends.status,
    trends.break_reason_da,
    trends.is_in_limits,
    trends.is_seasonally_adjusted,
    trends.is_signal,
    trends.is_fictional
from {{ ref('fct_indicator_trend') }} as trends
inner join names on trends.indicator_id = names.indicator_id and names.place = 1
inner join {{ ref('dim_source') }} as sources on trends.source_id = sources.source_id
left join units on trends.organisation_id = units.unit_id and units.place = 1
