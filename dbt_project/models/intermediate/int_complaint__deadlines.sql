{{ config(materialized='view') }}

with complaints as (

    select * from {{ ref('int_complaint__repeats') }}

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

policy as (

    select * from {{ ref('int_answer_deadline') }}

),

dated as (

    select
        complaints.*,
        coalesce(complaints.delivered_due_date, policy.answer_due_date) as answer_due_date,
        answered.working_day_number - received.working_day_number as working_days_to_answer,
        decided.working_day_number - received.working_day_number as working_days_to_decision
    from complaints
    left join policy on complaints.received_date = policy.received_date
    left join calendar as received on complaints.received_date = received.date_day
    left join calendar as answered on complaints.answered_date = answered.date_day
    left join calendar as decided on complaints.decided_date = decided.date_day

)

select
    *,
    {{ days_between('received_date', 'answered_date') }} as days_to_answer,
    {{ days_between('received_date', 'decided_date') }} as days_to_decision,
    delivered_due_date is null as is_due_date_assumed,
    case
        when answered_date is not null then answered_date <= answer_due_date
        -- Unanswered and overdue is late; unanswered within the deadline is not yet known.
        when answer_due_date < {{ as_of_date() }} then false
    end as is_answered_within_deadline
from dated
