with decided as (

    select
        measures.indicator_id,
        appeals.decided_date as event_date,
        appeals.centre_id,
        appeals.law_id,
        appeals.theme_id,
        measures.numerator,
        measures.denominator
    from {{ ref('fct_appeal') }} as appeals
    cross join lateral (
        values
        ('ankesager_egne_afgjort', 1, null),
        -- Rejected and referred cases are in neither number: is_reversal is empty.
        ('omgoerelsesprocent_egne', cast(is_reversal as integer), 1),
        ('hjemvist_egne_pct', case when is_reversal is not null then cast(outcome_id = 'hjemvisning' as integer) end, 1)
    ) as measures (indicator_id, numerator, denominator)

),

reassessed as (

    select
        'genvurderinger_aendret_pct' as indicator_id,
        reassessed_date as event_date,
        centre_id,
        law_id,
        theme_id,
        cast(is_changed as integer) as numerator,
        1 as denominator
    from {{ ref('fct_reassessment') }}
    union all
    select
        'genvurderinger_inden_fire_uger_pct' as indicator_id,
        received_date as event_date,
        centre_id,
        law_id,
        theme_id,
        cast(is_reassessed_in_time as integer) as numerator,
        1 as denominator
    from {{ ref('fct_reassessment') }}

),

measured as (

    select * from decided
    union all
    select * from reassessed

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    event_date,
    centre_id,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(sum(denominator) as numeric) as denominator,
    count(*) as events
from measured
where event_date is not null and numerator is not null
group by indicator_id, event_date, centre_id, law_id, theme_id
