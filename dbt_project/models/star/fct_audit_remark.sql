with remarks as (

    select * from {{ ref('int_audit_remark') }}

),

chains as (

    select * from {{ ref('int_audit_remark__chains') }}

)

select
    remarks.audit_remark_key,
    remarks.source_id,
    remarks.authority,
    remarks.remark_number,
    remarks.audit_year,
    remarks.auditor,
    remarks.auditor_kind,
    remarks.severity,
    remarks.theme_id,
    remarks.status,
    remarks.carried_over_from,
    chains.previous_audit_remark_key,
    chains.first_remark_number,
    chains.first_audit_year,
    chains.years_carried,
    remarks.owner,
    remarks.raised_date,
    remarks.due_date,
    remarks.closed_date,
    remarks.is_carried_over,
    chains.is_predecessor_missing,
    chains.is_latest_in_chain,
    remarks.is_overdue,
    {{ is_fictional('remarks.authority') }} as is_fictional
from remarks
inner join chains on remarks.audit_remark_key = chains.audit_remark_key
