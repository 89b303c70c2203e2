with series as (

    select distinct
        series_key,
        indicator_id,
        authority
    from {{ ref('int_trend__points') }}

),

reasons as (

    select
        indicator_id,
        nullif(authority, '') as authority,
        first_period_start,
        reason_da
    from {{ ref('seed_series_break') }}
    union all
    select
        indicator_id,
        null as authority,
        cast(cast(valid_from_year as text) || '-01-01' as date) as first_period_start,
        'Ny definition (version ' || cast(version as text) || ')' as reason_da
    from {{ ref('dim_indicator') }}
    where version > 1

)

select
    series.series_key,
    reasons.first_period_start,
    string_agg(reasons.reason_da, '; ' order by reasons.reason_da) as break_reason_da
from series
inner join reasons
    on
        series.indicator_id = reasons.indicator_id
        and (reasons.authority is null or series.authority = reasons.authority)
group by series.series_key, reasons.first_period_start
