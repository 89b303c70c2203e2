with outcomes as (

    select
        *,
        remitted_cases + changed_cases + confirmed_cases as merits_cases
    from {{ ref('int_appeal__outcomes') }}

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
        {% for cases in ['decided_cases', 'merits_cases', 'changed_cases', 'remitted_cases'] %}
        case when count({{ cases }}) = count(*) then sum({{ cases }}) end as {{ cases }},
        {% endfor %}
        bool_or(has_suppressed) as has_suppressed,
        bool_and(is_complete) as is_complete
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
    sums.has_suppressed and measures.numerator is null as is_suppressed,
    sums.is_complete
from sums
-- A share with one part unknown shows neither of its parts.
cross join
    lateral (
        values
        ('ankesager_afgjort', decided_cases, null),
        (
            'omgoerelsesprocent',
            case when merits_cases is not null then remitted_cases + changed_cases end,
            merits_cases
        ),
        ('hjemvist_pct', case when merits_cases is not null then remitted_cases end, merits_cases)
    ) as measures (indicator_id, numerator, denominator)
