with calendar as (

    select * from {{ ref('int_calendar') }}

)

-- Used only for a complaint to which the case system gives no due date of its own.
select
    received.date_day as received_date,
    due.date_day as answer_due_date
from calendar as received
inner join calendar as due
    on
        due.working_day_number = received.working_day_number + {{ var('answer_deadline_working_days') | int }}
        and due.is_working_day
