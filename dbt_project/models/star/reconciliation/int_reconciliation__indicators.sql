with figures as (

    select * from {{ ref('fct_published_figure') }}
    where value is not null

),

indicators as (

    select * from {{ ref('fct_indicator_value') }}
    where breakdown_kind = 'ingen' and value is not null and not is_published_elsewhere

),

pairs (outcome, law_id, indicator_id) as (

    values
    ('aendring_fra_aaret_foer', null, 'borgerraadgiver_aendring_pct'),
    ('omgjort', 'kommunale_sager_i_alt', 'omgoerelsesprocent'),
    ('afgjorte_sager', null, 'ankesager_afgjort'),
    ('omgoerelsesprocent', null, 'omgoerelsesprocent')

)

select
    'offentliggjort_mod_beregnet' as reconciliation_kind,
    'offentliggjort_og_noegletal' as subject_id,
    'Offentliggjort tal mod vores nøgletal' as subject_da,
    figures.source_id,
    figures.authority,
    figures.period_kind,
    figures.period_label,
    figures.outcome as measure,
    figures.category as member,
    figures.publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    figures.value as left_value,
    cast(null as text) as right_publication_source_id,
    'Vores nøgletal ' || indicators.indicator_id as right_said_by,
    indicators.value as right_value,
    case
        when figures.unit = 'antal' then 0
        when figures.rounding_unit_pct is not null then round(figures.rounding_unit_pct / 2, 2)
        when figures.value = floor(figures.value) then 0.5
        else 0.05
    end as tolerance
from figures
inner join pairs
    on
        figures.outcome = pairs.outcome
        and figures.category = 'alle'
        and figures.law_id is not distinct from pairs.law_id
inner join indicators
    on
        pairs.indicator_id = indicators.indicator_id
        and figures.authority = indicators.authority
        and figures.period_kind = indicators.period_kind
        and figures.period_label = indicators.period_label
