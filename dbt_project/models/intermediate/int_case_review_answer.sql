with answers as (

    select * from {{ ref('stg_management_supervision__review_answers') }}

),

reviews as (

    select * from {{ ref('int_case_review') }}

)

-- An answer whose review was set aside stays, without area and day, and so in no figure.
select
    {{ key(['answers.review_number', 'answers.control_question_id']) }} as case_review_answer_key,
    'ledelsestilsyn' as source_id,
    answers.review_number,
    reviews.case_review_key,
    answers.control_question_id,
    reviews.risk_area_id,
    reviews.centre_id,
    reviews.review_date,
    answers.answer,
    answers.answer <> 'ikke relevant' as is_relevant
from answers
left join reviews on answers.review_number = reviews.review_number
