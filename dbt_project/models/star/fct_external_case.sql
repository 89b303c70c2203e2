select
    {{ key(["'borgerraadgiveren'", 'referrer_case_number']) }} as external_case_key,
    'borgerraadgiveren' as source_id,
    referrer_case_number as external_case_number,
    theme_id,
    outcome_id,
    overlap_status,
    received_date,
    referred_date,
    matched_complaints
from {{ ref('int_referral__overlap') }}
