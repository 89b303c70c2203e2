with cases as (

    select * from {{ ref('fct_external_case') }}
    where source_id = 'domstolene'

),

measured as (

    {% set members = 'centre_id, law_id, theme_id, is_fictional' %}
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

select
    indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    cast(date_trunc('month', event_date) as date) as event_date,
    centre_id,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(sum(denominator) as numeric) as denominator,
    count(*) as events,
    bool_or(is_fictional) as is_fictional
from measured
group by indicator_id, date_trunc('month', event_date), centre_id, law_id, theme_id
