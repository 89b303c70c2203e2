with points as (

    select * from {{ ref('stg_ministry_follow_up__points') }}

),

remarks as (

    select * from {{ ref('int_audit_remark') }}

)

select
    {{ key(["'ministerium_star'", 'points.ministry_point_number']) }} as ministry_point_key,
    'ministerium_star' as source_id,
    '{{ var("own_authority") }}' as authority,
    points.ministry_point_number,
    points.letter_year,
    points.remark_number,
    points.audit_year,
    remarks.audit_remark_key,
    points.theme_id,
    points.owner,
    points.follow_up_status,
    points.opened_date,
    points.due_date,
    points.closed_date,
    points.follow_up_status in ('aaben', 'delvist_lukket') and points.due_date < {{ as_of_date() }} as is_overdue
from points
left join remarks on points.remark_number = remarks.remark_number and points.audit_year = remarks.audit_year
