select
    ministry_point_key,
    source_id,
    authority,
    ministry_point_number,
    letter_year,
    remark_number,
    audit_year,
    audit_remark_key,
    theme_id,
    owner,
    follow_up_status,
    opened_date,
    due_date,
    closed_date,
    is_overdue,
    {{ is_fictional('authority') }} as is_fictional
from {{ ref('int_ministry_point') }}
