with results as (

    -- Figures that others have published are not counted anew: see int_indicator__surveys.
    select * from {{ ref('fct_survey_result') }}
    where source_id = 'borgertilfredshed' and not is_published_elsewhere

),

measured as (

    select
        results.*,
        measures.*
    from results
    cross join lateral (
        values
        ('borgertilfredshed_tilfreds_pct', 'forloeb', satisfied, respondents),
        ('borgertilfredshed_sagsbehandler_pct', 'sagsbehandler', satisfied, respondents),
        ('borgertilfredshed_svarprocent', 'deltagelse', respondents, invited),
        ('borgertilfredshed_besvarelser', 'deltagelse', respondents, null)
    ) as measures (indicator_id, measured_question, numerator, denominator)

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    authority,
    answered_date as event_date,
    centre_id,
    cast(null as text) as law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    supplier_id,
    nullif(respondent_group, 'alle') as category_id,
    cast(numerator as numeric) as numerator,
    cast(denominator as numeric) as denominator,
    coalesce(denominator, numerator) as events
from measured
where
    question_id = measured_question
    and numerator is not null
    and (denominator is not null or indicator_id = 'borgertilfredshed_besvarelser')
