with outcomes as (

    select * from {{ ref('int_appeal__outcomes') }}

),

cells as (

    -- A parent law already counts its children, so parents alone make the total; children are a breakdown of their own.
    select
        outcomes.*,
        breakdowns.breakdown_kind,
        breakdowns.breakdown_member,
        bool_and(is_total or not has_suppressed) over parts and bool_or(not is_total) over parts as is_sum_known,
        bool_or(is_total) over parts as is_total_stated
    from outcomes
    cross join
        lateral (
            values
            (case when not is_child then 'ingen' end, 'alle'),
            (case when is_child then 'underordnet_lov' when not is_total then 'lov' end, law_id)
        ) as breakdowns (breakdown_kind, breakdown_member)
    where breakdowns.breakdown_kind is not null
    window parts as (
        partition by authority, period_kind, period_label, breakdowns.breakdown_kind, breakdowns.breakdown_member
    )

),

sums as (

    -- One suppressed part makes the sum unknown, not smaller: the publication's own total then stands in for it.
    select
        authority,
        period_kind,
        period_label,
        breakdown_kind,
        breakdown_member,
        {% for cases in ['decided_cases', 'changed_cases', 'remitted_cases', 'confirmed_cases'] %}
        case when count({{ cases }}) = count(*) then sum({{ cases }}) end as {{ cases }},
        {% endfor %}
        bool_or(has_suppressed) as has_suppressed,
        bool_and(is_complete) as is_complete,
        bool_or(is_fictional) as is_fictional
    from cells
    where is_total = (is_total_stated and not is_sum_known)
    group by authority, period_kind, period_label, breakdown_kind, breakdown_member

)

select
    measures.indicator_id,
    sums.authority,
    sums.period_kind,
    sums.period_label,
    sums.breakdown_kind,
    sums.breakdown_member,
    measures.numerator,
    measures.denominator,
    case
        when measures.indicator_id = 'ankesager_afgjort' then measures.numerator
        else round(100 * measures.numerator / nullif(measures.denominator, 0), 4)
    end as value,
    coalesce(measures.denominator, measures.numerator) as n,
    sums.has_suppressed and measures.is_unknown as is_suppressed,
    sums.is_complete,
    sums.is_fictional
from sums
cross join lateral (
    values
    ('ankesager_afgjort', decided_cases, null, decided_cases is null),
    (
        'omgoerelsesprocent',
        remitted_cases + changed_cases,
        remitted_cases + changed_cases + confirmed_cases,
        remitted_cases + changed_cases + confirmed_cases is null
    ),
    (
        'hjemvist_pct',
        remitted_cases,
        remitted_cases + changed_cases + confirmed_cases,
        remitted_cases + changed_cases + confirmed_cases is null
    )
) as measures (indicator_id, numerator, denominator, is_unknown)
