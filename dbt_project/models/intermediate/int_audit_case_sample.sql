select
    {{ key(["'revision'", 'audit_year', 'law_id']) }} as audit_case_sample_key,
    'revision' as source_id,
    '{{ var("own_authority") }}' as authority,
    audit_year,
    law_id,
    auditor,
    cases_reviewed,
    cases_with_error,
    cases_with_refund_error
from {{ ref('stg_audit_case_samples__samples') }}
