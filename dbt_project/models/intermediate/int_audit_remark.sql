with remarks as (

    select * from {{ ref('stg_audit_remarks__remarks') }}

)

select
    {{ key(["'revision'", 'remark_number', 'audit_year']) }} as audit_remark_key,
    'revision' as source_id,
    '{{ var("own_authority") }}' as authority,
    remark_number,
    audit_year,
    auditor,
    administrations,
    severity,
    theme_id,
    status,
    carried_over_from,
    due_date,
    carried_over_from is not null as is_carried_over,
    status <> 'lukket' and due_date < {{ as_of_date() }} as is_overdue,
    is_fictional
from remarks
