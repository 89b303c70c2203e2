with figures as (

    select
        source_id,
        publication_source_id,
        authority,
        period_kind,
        period_label,
        outcome as measure,
        max(rounding_unit_pct) as rounding_unit_pct,
        -- Divided figures are added up; one that is missing leaves the sum unknown.
        case when count(value) = count(*) then sum(value) end as value
    from {{ ref('fct_published_figure') }}
    group by source_id, publication_source_id, authority, period_kind, period_label, outcome

),

rules as (

    select
        *,
        count(*) over (partition by rule_id) as measures_in_rule
    from {{ ref('seed_reconciliation_rule') }}

),

compared as (

    select
        rules.rule_id,
        rules.subject_da,
        figures.source_id,
        figures.publication_source_id,
        figures.authority,
        figures.period_kind,
        figures.period_label,
        max(case when rules.side = 'venstre' then rules.measure end) as measure,
        max(case when rules.side = 'venstre' then figures.rounding_unit_pct end) as rounding_unit_pct,
        sum(case when rules.side = 'venstre' then figures.value end) as left_value,
        sum(case when rules.side = 'hoejre' then figures.value end) as upper_value,
        sum(case when rules.side = 'naevner' then figures.value end) as lower_value,
        bool_or(rules.side = 'naevner') as is_share
    from rules
    inner join figures on rules.source_id = figures.source_id and rules.measure = figures.measure
    group by
        rules.rule_id, rules.subject_da, figures.source_id, figures.publication_source_id, figures.authority,
        figures.period_kind, figures.period_label, rules.measures_in_rule
    having count(figures.value) = rules.measures_in_rule

)

select
    'dele_mod_helhed' as reconciliation_kind,
    rule_id as subject_id,
    subject_da,
    source_id,
    authority,
    period_kind,
    period_label,
    measure,
    'alle' as member,
    publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    left_value,
    publication_source_id as right_publication_source_id,
    case when is_share then 'Regnet af antallene i samme udgivelse' else 'Summen af delene i samme udgivelse' end
        as right_said_by,
    case when is_share then round(100 * upper_value / nullif(lower_value, 0), 4) else upper_value end as right_value,
    coalesce(round(rounding_unit_pct / 2, 2), 0) as tolerance
from compared
