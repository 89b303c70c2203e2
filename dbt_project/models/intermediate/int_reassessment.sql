with reassessments as (

    select * from {{ ref('stg_complaint_reassessments__reassessments') }}

),

complaints as (

    select * from {{ ref('int_complaint__dates') }}

),

dated as (

    select
        reassessments.*,
        complaints.complaint_key,
        complaints.centre_id,
        complaints.law_id,
        complaints.theme_id,
        -- Four weeks, by the law.
        reassessments.received_date + 28 as reassessment_due_date
    from reassessments
    left join complaints on reassessments.case_number = complaints.case_number

)

select
    {{ key(["'genvurdering'", 'case_number']) }} as reassessment_key,
    *,
    {{ days_between('received_date', 'reassessed_date') }} as days_to_reassessment,
    case
        when reassessed_date is not null then reassessed_date <= reassessment_due_date
        -- Not reassessed and overdue is late; within the four weeks it is not yet known.
        when reassessment_due_date < {{ as_of_date() }} then false
    end as is_reassessed_in_time,
    case when reassessed_date is not null then reassessment_result <> 'fastholdt' end as is_changed
from dated
