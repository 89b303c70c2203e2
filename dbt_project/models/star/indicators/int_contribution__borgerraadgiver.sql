with cases as (

    -- The list of referrals alone says nothing of the cases that were not referred.
    select
        cases.*,
        outcomes.is_decided_on_merits,
        outcomes.is_upheld
    from {{ ref('fct_external_case') }} as cases
    left join {{ ref('dim_outcome') }} as outcomes on cases.outcome_id = outcomes.outcome_id
    where cases.source_id = 'borgerraadgiveren' and cases.is_in_case_list

),

measured as (

    {% for indicator_id, dated_by, numerator, denominator, counted in [
        ('borgerraadgiver_sager', 'received_date', '1', 'null', 'is_about_administration'),
        (
            'borgerraadgiver_sager_medhold_pct', 'concluded_date', 'cast(is_upheld as integer)', '1',
            'is_about_administration and is_decided_on_merits and concluded_date is not null'
        ),
    ] %}
    select
        '{{ indicator_id }}' as indicator_id,
        {{ dated_by }} as event_date,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        centre_id,
        law_id,
        theme_id
    from cases
    where {{ counted }}
    union all
    {% endfor %}
    -- Of other administrations' cases nothing is known to break the share down by.
    select
        'borgerraadgiver_sager_andel_pct',
        received_date,
        cast(is_about_administration as integer),
        1,
        null,
        null,
        null
    from cases
    union all
    select
        measures.indicator_id,
        ended_date,
        measures.numerator,
        measures.denominator,
        null,
        law_id,
        theme_id
    from {{ ref('fct_investigation') }}
    cross join
        lateral (
            values
            ('borgerraadgiver_undersoegelser', 1, null, investigation_kind <> 'fokus'),
            ('borgerraadgiver_undersoegelser_tiltag', 1, null, investigation_kind <> 'fokus' and has_measures),
            ('borgerraadgiver_fokus_score', score, 1, investigation_kind = 'fokus')
        ) as measures (indicator_id, numerator, denominator, is_counted)
    where source_id = 'borgerraadgiveren' and is_ended and measures.is_counted

)

{{ external_contributions('measured') }}
