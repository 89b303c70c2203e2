select
    case_number,
    cast(count(*) as integer) as complaint_points
from {{ ref('int_complaint__points') }}
group by case_number
