select
    audit_remark_key,
    source_id,
    authority,
    remark_number,
    audit_year,
    auditor,
    severity,
    theme_id,
    status,
    carried_over_from,
    due_date,
    is_carried_over,
    is_overdue,
    is_fictional
from {{ ref('int_audit_remark') }}
