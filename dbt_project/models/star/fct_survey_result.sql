with unioned as (

    select * from {{ ref('int_survey_result__citizens') }}
    union all
    select
        *,
        'alle' as respondent_group,
        cast(null as numeric) as response_rate_pct,
        cast(null as text) as source_url
    from {{ ref('int_survey_result__suppliers') }}

)

select
    {{ key([
        'source_id', 'survey_round_id', 'authority', 'question_id', 'theme_id', 'supplier_id', 'centre_id',
        'respondent_group', 'answered_date'
    ]) }} as survey_result_key,
    source_id,
    survey_round_id,
    survey_method_id,
    authority,
    question_id,
    respondent_group,
    theme_id,
    supplier_id,
    centre_id,
    answered_date,
    invited,
    respondents,
    satisfied,
    satisfied_pct,
    response_rate_pct,
    source_url,
    is_published_elsewhere,
    {{ is_fictional('authority') }} as is_fictional
from unioned
