{{ config(materialized='view') }}

with complaints as (

    select * from {{ ref('stg_bif_complaints__complaints') }}

)

select
    {{ key(["'klagesager'", 'case_number']) }} as complaint_key,
    case_number,
    citizen_pseudonym,
    complaint_type_id,
    received_by,
    referred_by,
    referrer_case_number,
    centre_id,
    law_id,
    theme_id,
    outcome_id,
    kle_number,
    is_closed,
    answer_due_date as delivered_due_date,
    received_at,
    {{ local_date('received_at') }} as received_date,
    {{ local_date('registered_at') }} as registered_date,
    {{ local_date('forwarded_at') }} as forwarded_date,
    {{ local_date('answered_at') }} as answered_date,
    {{ local_date('decided_at') }} as decided_date
from complaints
