select
    audit_case_error_key,
    source_id,
    audit_case_sample_key,
    audit_year,
    law_id,
    error_kind,
    cases
from {{ ref('int_audit_case_error') }}
