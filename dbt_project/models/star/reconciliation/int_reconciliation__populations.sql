with rises as (

    -- What a publication says of a report year: a percentage, with or without the counts behind it.
    select * from {{ ref('fct_published_figure') }}
    where source_id = 'borgerraadgiveren' and outcome = 'aendring_fra_aaret_foer' and value is not null

),

indicators as (

    select * from {{ ref('fct_indicator_value') }}
    where breakdown_kind = 'ingen' and organisation_id = 'alle' and value is not null

),

own_rises as (

    select
        later.authority,
        later.period_start,
        round(100 * (later.value - earlier.value) / nullif(earlier.value, 0), 4) as value
    from indicators as later
    inner join indicators as earlier
        on
            later.indicator_id = earlier.indicator_id
            and later.authority = earlier.authority
            and later.period_kind = earlier.period_kind
            and later.period_start = earlier.period_start + interval '1 year'
    where later.indicator_id = 'klager_modtaget' and later.period_kind = 'kalenderaar' and later.status = 'endelig'

),

compared as (

    select
        rises.*,
        'to_populationer' as subject_id,
        'Borgerrådgiverens beretningsår mod forvaltningens egne klager i kalenderåret' as subject_da,
        'Vores nøgletal klager_modtaget, ændring fra kalenderåret før' as right_said_by,
        own_rises.value as right_value
    from rises
    inner join own_rises
        on
            rises.authority = own_rises.authority
            and extract(year from rises.period_start) = extract(year from own_rises.period_start)
    union all
    select
        rises.*,
        'klager_og_henvendelser' as subject_id,
        'Klager over én forvaltnings sagsbehandling mod alle henvendelser' as subject_da,
        'Vores nøgletal borgerraadgiver_aendring_pct for ' || indicators.authority as right_said_by,
        indicators.value as right_value
    from rises
    inner join indicators
        on
            indicators.indicator_id = 'borgerraadgiver_aendring_pct'
            and rises.period_label = indicators.period_label
            and rises.authority like '%, ' || indicators.authority

)

select
    'offentliggjort_mod_beregnet' as reconciliation_kind,
    subject_id,
    subject_da,
    source_id,
    authority,
    period_kind,
    period_label,
    outcome as measure,
    category as member,
    publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    value as left_value,
    cast(null as text) as right_publication_source_id,
    right_said_by,
    right_value,
    0 as tolerance
from compared
