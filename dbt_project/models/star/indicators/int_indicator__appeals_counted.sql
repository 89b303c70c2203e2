with outcomes as (

    select
        outcomes.*,
        laws.is_total
    from {{ ref('int_appeal__outcomes') }} as outcomes
    inner join (select distinct law_id, is_total from {{ ref('dim_law') }}) as laws on outcomes.law_id = laws.law_id

),

cells as (

    -- A parent law already counts its children, so parents alone make the total; children are a breakdown of their
    -- own. A total that the publication itself states is used only where the parents' sum is unknown.
    select
        outcomes.*,
        breakdowns.breakdown_kind,
        breakdowns.breakdown_member
    from outcomes
    cross join lateral (
        values
        (case when not outcomes.is_child then 'ingen' end, 'alle'),
        (case when outcomes.is_child then 'underordnet_lov' when not outcomes.is_total then 'lov' end, outcomes.law_id)
    ) as breakdowns (breakdown_kind, breakdown_member)
    where breakdowns.breakdown_kind is not null

),

sums as (

    -- One suppressed part makes the sum unknown, not smaller.
    select
        authority,
        period_kind,
        period_label,
        breakdown_kind,
        breakdown_member,
        {% for cases in ['decided_cases', 'changed_cases', 'remitted_cases', 'confirmed_cases'] %}
        case
            when count(case when not is_total then {{ cases }} end) = count(case when not is_total then 1 end)
                then sum(case when not is_total then {{ cases }} end)
            else max(case when is_total then {{ cases }} end)
        end as {{ cases }},
        {% endfor %}
        bool_or(has_suppressed) as has_suppressed,
        bool_and(is_complete) as is_complete,
        bool_or(is_fictional) as is_fictional
    from cells
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
    sums.has_suppressed and measures.numerator + coalesce(measures.denominator, 0) is null as is_suppressed,
    sums.is_complete,
    sums.is_fictional
from sums
cross join lateral (
    values
    ('ankesager_afgjort', decided_cases, null),
    ('omgoerelsesprocent', remitted_cases + changed_cases, remitted_cases + changed_cases + confirmed_cases),
    ('hjemvist_pct', remitted_cases, remitted_cases + changed_cases + confirmed_cases)
) as measures (indicator_id, numerator, denominator)
