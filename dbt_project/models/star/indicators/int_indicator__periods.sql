with indicators as (

    select * from {{ ref('seed_indicator') }}

)

select
    {{ key(['indicators.indicator_id', 'indicators.version']) }} as indicator_key,
    indicators.indicator_id,
    indicators.version as indicator_version,
    indicators.source_id,
    indicators.rests_on,
    indicators.unit,
    indicators.population_da,
    indicators.event,
    indicators.family,
    indicators.is_small_count_protected,
    indicators.is_additive_over_periods,
    indicators.period_kinds = periods.period_kind as is_only_period_kind,
    periods.period_kind,
    periods.period_label,
    periods.period_start,
    periods.period_end
from indicators
inner join {{ ref('int_period') }} as periods
    -- A period has the definition of the year in which it begins.
    on
        extract(year from periods.period_start)
        between indicators.valid_from_year and coalesce(indicators.valid_to_year, 9999)
        and periods.period_kind = any(string_to_array(indicators.period_kinds, '; '))
