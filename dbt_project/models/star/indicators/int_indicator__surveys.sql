with results as (

    select * from {{ ref('fct_survey_result') }}
    where source_id = 'borgertilfredshed' and is_published_elsewhere

),

measured as (

    select
        results.*,
        measures.*
    from results
    cross join lateral (
        values
        -- A published percentage is never turned back into a count.
        ('borgertilfredshed_tilfreds_pct', 'forloeb', satisfied_pct, respondents),
        ('borgertilfredshed_sagsbehandler_pct', 'sagsbehandler', satisfied_pct, respondents),
        ('borgertilfredshed_svarprocent', 'deltagelse', response_rate_pct, invited),
        ('borgertilfredshed_besvarelser', 'deltagelse', cast(respondents as numeric), respondents)
    ) as measures (indicator_id, measured_question, value, n)

)

select
    indicator_id,
    'borgertilfredshed' as source_id,
    'alle' as organisation_id,
    authority,
    'kalenderaar' as period_kind,
    cast(extract(year from answered_date) as text) as period_label,
    case when respondent_group = 'alle' then 'ingen' else 'kategori' end as breakdown_kind,
    respondent_group as breakdown_member,
    cast(null as numeric) as numerator,
    cast(null as numeric) as denominator,
    value,
    n,
    false as is_suppressed,
    true as is_complete,
    true as is_published_elsewhere
from measured
where question_id = measured_question and value is not null
