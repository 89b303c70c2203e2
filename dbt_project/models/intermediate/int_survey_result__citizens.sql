with rounds as (

    select
        *,
        -- Only the year is known: its last day stands for it.
        make_date(survey_year, 12, 31) as answered_date
    from {{ ref('stg_citizen_surveys__rounds') }}

),

answers as (

    -- Taking part is a question like the others: of those asked, how many answered.
    select
        survey_round_id,
        'deltagelse' as question_id,
        'alle' as respondent_group,
        respondents,
        cast(null as bigint) as satisfied,
        cast(null as numeric) as satisfied_pct
    from {{ ref('stg_citizen_surveys__rounds') }}
    union all
    select
        survey_round_id,
        question_id,
        respondent_group,
        respondents,
        satisfied,
        satisfied_pct
    from {{ ref('stg_citizen_surveys__results') }}

)

select
    'borgertilfredshed' as source_id,
    rounds.survey_round_id,
    rounds.survey_method_id,
    rounds.authority,
    answers.question_id,
    cast(null as text) as theme_id,
    cast(null as text) as supplier_id,
    cast(null as text) as centre_id,
    rounds.answered_date,
    case when answers.question_id = 'deltagelse' then rounds.invited end as invited,
    answers.respondents,
    answers.satisfied,
    answers.satisfied_pct,
    -- What is known of others is what they have published.
    rounds.authority <> '{{ var("own_authority") }}' as is_published_elsewhere,
    answers.respondent_group,
    case when answers.question_id = 'deltagelse' then rounds.response_rate_pct end as response_rate_pct,
    rounds.source_url
from answers
inner join rounds on answers.survey_round_id = rounds.survey_round_id
