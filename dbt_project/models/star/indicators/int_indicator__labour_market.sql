with figures as (

    select * from {{ ref('fct_labour_market_figure') }}

),

years as (

    -- Of the rolling years only the one that ends with December is a year of its own; the others overlap.
    select
        *,
        row_number() over (partition by authority, period_end, benefit_group order by period_kind asc) as preference
    from figures
    where period_kind in ('kalenderaar', 'rullende_aar') and extract(month from period_end) = 12

),

compared as (

    select
        years.*,
        before.actual_persons as previous_persons
    from years
    left join years as before
        on
            years.authority = before.authority
            and years.benefit_group = before.benefit_group
            and years.period_end = before.period_end + interval '1 year'
            and before.preference = 1
    where years.preference = 1

),

measured as (

    select
        compared.*,
        measures.indicator_id,
        measures.numerator,
        measures.denominator,
        measures.value,
        measures.is_published_elsewhere
    from compared
    cross join
        lateral (
            values
            ('offentligt_forsoergede_pct', null, null, compared.actual_pct, true),
            (
                'offentligt_forsoergede_aendring_pct',
                compared.actual_persons - compared.previous_persons, compared.previous_persons,
                round(
                    100 * (compared.actual_persons - compared.previous_persons)
                    / nullif(compared.previous_persons, 0), 4
                ),
                false
            )
        ) as measures (indicator_id, numerator, denominator, value, is_published_elsewhere)

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
    value is null as is_suppressed,
    true as is_complete,
    is_published_elsewhere
from measured
-- What is hidden says so; a change is unknown where either year is.
where value is not null or (missing_reason is not null and is_published_elsewhere)
