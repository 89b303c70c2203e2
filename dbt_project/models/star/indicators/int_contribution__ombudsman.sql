with cases as (

    select
        cases.*,
        outcomes.is_decided_on_merits,
        outcomes.is_upheld
    from {{ ref('fct_external_case') }} as cases
    left join {{ ref('dim_outcome') }} as outcomes on cases.outcome_id = outcomes.outcome_id
    where cases.source_id = 'ombudsmanden'

),

measured as (

    {% set members = 'centre_id, law_id, theme_id' %}
    select
        'ombudsmand_nye_sager' as indicator_id,
        received_date as event_date,
        1 as numerator,
        cast(null as integer) as denominator,
        {{ members }}
    from cases
    union all
    select
        'ombudsmand_afsluttede_sager',
        concluded_date,
        1,
        null,
        {{ members }}
    from cases
    where concluded_date is not null
    union all
    select
        'ombudsmand_undersoegt_pct',
        concluded_date,
        cast(is_decided_on_merits as integer),
        1,
        {{ members }}
    from cases
    where concluded_date is not null and is_decided_on_merits is not null
    union all
    -- Of what was examined: rejected cases say nothing of how the administration acted.
    select
        'ombudsmand_kritik_pct',
        concluded_date,
        cast(is_upheld as integer),
        1,
        {{ members }}
    from cases
    where concluded_date is not null and is_decided_on_merits

)

{{ external_contributions('measured') }}
