with points as (

    select * from {{ ref('int_complaint__points') }}

),

complaints as (

    select * from {{ ref('fct_complaint') }}

)

select
    {{ key(["'klagesager'", 'points.case_number', 'points.point_number']) }} as complaint_point_key,
    complaints.complaint_key,
    'klagesager' as source_id,
    points.case_number,
    points.point_number,
    complaints.centre_id,
    points.theme_id,
    points.outcome_id,
    complaints.received_date
from points
left join complaints on points.case_number = complaints.case_number
