with referrals as (

    select * from {{ ref('stg_borgerraadgiver_annual__referrals') }}

),

complaints as (

    select * from {{ ref('int_referral__complaints') }}
    where referred_by = 'borgerraadgiver'

)

select
    referrals.referrer_case_number,
    referrals.theme_id,
    referrals.outcome_id,
    referrals.received_date,
    referrals.referred_date,
    coalesce(complaints.matched_complaints, 0) as matched_complaints,
    case when complaints.referrer_case_number is null then 'unmatched' else 'matched' end as overlap_status
from referrals
left join complaints on referrals.referrer_case_number = complaints.referrer_case_number
