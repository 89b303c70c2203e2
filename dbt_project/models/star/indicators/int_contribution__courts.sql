with cases as (

    select * from {{ ref('fct_external_case') }}
    where source_id = 'domstolene'

),

measured as (

    {% set members = 'centre_id, law_id, theme_id' %}
    select
        'retssager_nye' as indicator_id,
        received_date as event_date,
        1 as numerator,
        cast(null as integer) as denominator,
        {{ members }}
    from cases
    union all
    select
        'retssager_afsluttet',
        concluded_date,
        1,
        null,
        {{ members }}
    from cases
    where concluded_date is not null
    union all
    -- A case withdrawn was neither won nor lost.
    select
        'retssager_tabt_forlig_pct',
        concluded_date,
        case when outcome_id in ('tabt', 'forlig') then 1 else 0 end,
        1,
        {{ members }}
    from cases
    where concluded_date is not null and outcome_id in ('tabt', 'forlig', 'vundet')

)

{{ external_contributions('measured') }}
