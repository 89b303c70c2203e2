select
    {{ key(["'borgerraadgiver_annual'", 'referrer_case_number']) }} as external_case_key,
    'borgerraadgiver_annual' as source_id,
    referrer_case_number as external_case_number,
    theme_id,
    outcome_id,
    overlap_status,
    received_date,
    referred_date,
    matched_complaints
from {{ ref('int_referral__overlap') }}
