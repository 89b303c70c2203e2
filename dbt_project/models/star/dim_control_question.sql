with known as (

    select * from {{ ref('seed_control_question') }}

),

used as (

    select distinct control_question_id from {{ ref('int_case_review_answer') }}

)

select
    control_question_id,
    name_da,
    category,
    category_name_da,
    question_da,
    true as is_known
from known
union all
select
    control_question_id,
    control_question_id as name_da,
    'ukendt' as category,
    'Ukendt' as category_name_da,
    cast(null as text) as question_da,
    false as is_known
from used
where not exists (select 1 from known where known.control_question_id = used.control_question_id)
