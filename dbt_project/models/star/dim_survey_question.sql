with known as (

    select * from {{ ref('seed_survey_question') }}

),

used as (

    select question_id from {{ ref('int_survey_result__citizens') }}
    union
    select question_id from {{ ref('int_survey_result__suppliers') }}

)

select
    question_id,
    name_da,
    true as is_known
from known
union all
select
    question_id,
    question_id as name_da,
    false as is_known
from used
where
    question_id is not null
    and not exists (select 1 from known where known.question_id = used.question_id)
