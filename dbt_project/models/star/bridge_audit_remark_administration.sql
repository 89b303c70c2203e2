select
    audit_remark_administration_key,
    audit_remark_key,
    administration,
    weight
from {{ ref('int_audit_remark__administrations') }}
