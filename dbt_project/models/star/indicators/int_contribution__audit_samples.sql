select
    'revision_stikproeve_fejl_pct' as indicator_id,
    1 as indicator_version,
    authority,
    cast(cast(audit_year as text) || '-12-31' as date) as event_date,
    cast(null as text) as centre_id,
    law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(cases_with_error as numeric) as numerator,
    cast(cases_reviewed as numeric) as denominator,
    cases_reviewed as events
from {{ ref('fct_audit_case_sample') }}
