select
    case_review_answer_key,
    source_id,
    review_number,
    case_review_key,
    control_question_id,
    risk_area_id,
    centre_id,
    review_date,
    answer,
    is_relevant
from {{ ref('int_case_review_answer') }}
