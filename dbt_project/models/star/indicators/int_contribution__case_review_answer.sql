with facts as not materialized (

    select
        answers.*,
        questions.category as question_category
    from {{ ref('fct_case_review_answer') }} as answers
    inner join {{ ref('dim_control_question') }} as questions
        on answers.control_question_id = questions.control_question_id

),

{{ contributions('fct_case_review_answer') }}
