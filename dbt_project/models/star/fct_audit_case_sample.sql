select
    audit_case_sample_key,
    source_id,
    authority,
    audit_year,
    law_id,
    auditor,
    cases_reviewed,
    cases_with_error,
    cases_with_refund_error,
    {{ is_fictional('authority') }} as is_fictional
from {{ ref('int_audit_case_sample') }}
