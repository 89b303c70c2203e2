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
    case
        when auditor ilike 'intern revision%' then 'intern_revision'
        when auditor ilike 'rigsrevisionen%' then 'rigsrevisionen'
        else 'ekstern_revision'
    end as auditor_kind,
    administrations,
    severity,
    theme_id,
    status,
    carried_over_from,
    owner,
    raised_date,
    due_date,
    closed_date,
    carried_over_from is not null as is_carried_over,
    status <> 'lukket' and due_date < {{ as_of_date() }} as is_overdue
from remarks
