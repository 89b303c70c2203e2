with figures as (

    select * from {{ ref('fct_labour_market_figure') }}

),

years as (

    -- Of the rolling years only the one that ends with December is a year of its own; the others overlap.
    select * from figures
    where
        period_kind in ('kalenderaar', 'rullende_aar')
        and extract(month from period_end) = 12

),

ranked as (

    select
        *,
        row_number() over (
            partition by authority, period_end, benefit_group order by period_kind asc
        ) as preference
    from years

),

measured as (

    select
        ranked.*,
        measures.indicator_id,
        measures.numerator,
        measures.denominator,
        measures.value
    from ranked
    cross join lateral (
        values
        ('offentligt_forsoergede_pct', null, null, ranked.actual_pct),
        (
            'offentligt_forsoergede_af_forventet_pct', ranked.actual_persons, ranked.expected_persons,
            round(100 * ranked.actual_persons / nullif(ranked.expected_persons, 0), 4)
        )
    ) as measures (indicator_id, numerator, denominator, value)
    where preference = 1

)

select
    indicator_id,
    source_id,
    'alle' as organisation_id,
    authority,
    'kalenderaar' as period_kind,
    cast(cast(extract(year from period_end) as integer) as text) as period_label,
    case when benefit_group = '{{ var("all_benefit_groups") }}' then 'ingen' else 'kategori' end as breakdown_kind,
    case when benefit_group = '{{ var("all_benefit_groups") }}' then 'alle' else benefit_group end as breakdown_member,
    numerator,
    denominator,
    value,
    denominator as n,
    missing_reason is not null as is_suppressed,
    true as is_complete,
    true as is_published_elsewhere,
    is_fictional
from measured
where value is not null or missing_reason is not null
