{% set own_authority = "'" ~ var('own_authority') ~ "'" %}
with checks as (

    select * from {{ ref('fct_delivery_check') }}

),

surveys as (

    select * from {{ ref('fct_survey_result') }}
    where source_id = 'leverandoertilsyn'

),

measured as (

    select
        'leverancer_dokumenteret_pct' as indicator_id,
        {{ own_authority }} as authority,
        check_date as event_date,
        centre_id,
        supplier_id,
        case when is_documented then 1 else 0 end as numerator,
        1 as denominator,
        1 as events
    from checks
    union all
    select
        'leverancer_timer_leveret_pct' as indicator_id,
        {{ own_authority }} as authority,
        check_date as event_date,
        centre_id,
        supplier_id,
        hours_delivered as numerator,
        hours_invoiced as denominator,
        1 as events
    from checks
    where hours_delivered is not null and hours_invoiced is not null
    union all
    select
        'leverandoertilsyn_gennemfoert_pct' as indicator_id,
        authority,
        period_end as event_date,
        centre_id,
        supplier_id,
        actual_value as numerator,
        target_value as denominator,
        cast(target_value as integer) as events
    from {{ ref('fct_target_result') }}
    where target_kind = 'tilsynsplan'
    union all
    select
        case when question_id = 'deltagelse' then 'leverandoer_svarprocent' else 'leverandoer_tilfredshed_pct' end
            as indicator_id,
        authority,
        answered_date as event_date,
        centre_id,
        supplier_id,
        case when question_id = 'deltagelse' then respondents else satisfied end as numerator,
        case when question_id = 'deltagelse' then invited else respondents end as denominator,
        coalesce(invited, respondents) as events
    from surveys
    where question_id in ('deltagelse', 'samlet_tilfredshed')

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    authority,
    event_date,
    centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    supplier_id,
    cast(null as text) as category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(sum(denominator) as numeric) as denominator,
    cast(sum(events) as bigint) as events
from measured
group by indicator_id, authority, event_date, centre_id, supplier_id
