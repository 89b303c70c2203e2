with figures as (

    select * from {{ ref('stg_jobindsats__public_support') }}

),

coded as (

    select
        *,
        cast(substr(period_code, 1, 4) as integer) as code_year,
        substr(period_code, 5, length(period_code) - 6) as code_kind,
        cast(right(period_code, 2) as integer) as code_number
    from figures

),

ended as (

    select
        *,
        case code_kind
            when 'M' then 'maaned'
            when 'Q' then 'kvartal'
            when 'Y' then 'kalenderaar'
            else 'rullende_aar'
        end as period_kind,
        -- A rolling year is named after the quarter that it ends with.
        case code_kind when 'M' then code_number when 'Y' then 12 else 3 * code_number end as last_month,
        case code_kind when 'M' then 1 when 'Q' then 3 else 12 end as months
    from coded

),

dated as (

    select
        *,
        cast(make_date(code_year, last_month, 1) + interval '1 month' - interval '1 day' as date) as period_end
    from ended

)

select
    {{ key(['authority', 'period_code', 'benefit_group']) }} as labour_market_figure_key,
    'ministerium_star' as source_id,
    authority,
    period_code,
    period_kind,
    cast(make_date(code_year, last_month, 1) - make_interval(months => months - 1) as date) as period_start,
    period_end,
    benefit_group,
    expected_persons,
    actual_persons,
    expected_pct,
    actual_pct,
    benchmark_rank,
    missing_reason
from dated
