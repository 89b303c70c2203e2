{{ config(materialized='view') }}

with complaints as (

    select * from {{ ref('int_complaint__dates') }}

),

compared as (

    select
        *,
        lag(case_number) over same_matter as previous_case_number,
        {{ days_between('lag(received_date) over same_matter', 'received_date') }} as days_since_previous
    from complaints
    window same_matter as (partition by citizen_pseudonym, theme_id order by received_at, case_number)

)

select
    *,
    case
        when citizen_pseudonym is not null
            then coalesce(days_since_previous <= {{ var('repeat_window_days') | int }}, false)
    end as is_repeat,
    case
        when citizen_pseudonym is not null and days_since_previous <= {{ var('repeat_window_days') | int }}
            then previous_case_number
    end as repeat_of_case_number
from compared
