with rejects as (

    {{ open_rejects_by_indicator() }}

),

figures as (

    select
        figures.*,
        indicators.name_da as indicator_name_da,
        indicators.unit,
        rejects.rows_missing,
        rejects.rows_held,
        rejects.cases_changed,
        rejects.open_since_date,
        rejects.rows_missing + rejects.rows_held = 0 as is_without,
        -- Only what is counted here case by case can be bounded by counting cases.
        not rejects.has_no_bound and not figures.is_published_elsewhere
        and (indicators.unit = 'antal' or (indicators.is_share and figures.denominator is not null)) as is_countable,
        not rejects.has_no_bound and medians.highest_value is not null as has_range,
        figures.denominator + rejects.rows_missing as most_of,
        medians.lowest_value as lowest_median,
        medians.highest_value as highest_median
    from {{ ref('fct_indicator_value') }} as figures
    inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_key = indicators.indicator_key
    inner join rejects on figures.indicator_id = rejects.indicator_id
    left join {{ ref('fct_median_range') }} as medians on figures.indicator_value_key = medians.indicator_value_key
    where
        figures.organisation_id = 'alle'
        and figures.breakdown_kind = 'ingen'
        and figures.value is not null

)

select
    indicator_value_key,
    indicator_id,
    indicator_name_da,
    indicator_version,
    source_id,
    authority,
    period_kind,
    period_label,
    period_start,
    unit,
    value,
    cast(rows_missing as bigint) as rows_missing,
    cast(rows_held as bigint) as rows_held,
    open_since_date,
    is_without or is_countable or has_range as is_bounded,
    case
        when is_without then value
        when has_range then lowest_median
        when not is_countable then null
        when unit = 'antal' then greatest(value - cases_changed, 0)
        else round(100 * greatest(numerator - cases_changed, 0) / most_of, 4)
    end as lowest_value,
    case
        when is_without then value
        when has_range then highest_median
        when not is_countable then null
        when unit = 'antal' then value + rows_missing + cases_changed
        else round(100 * least(numerator + rows_missing + cases_changed, most_of) / most_of, 4)
    end as highest_value
from figures
