with cases as (

    select * from {{ ref('stg_borgerraadgiver_cases__cases') }}

),

referrals as (

    select * from {{ ref('int_referral__overlap') }}

)

-- A referred case stands on the case list and, once a year, on the list of referrals: one case all the same.
select
    'borgerraadgiveren' as source_id,
    coalesce(cases.external_case_number, referrals.referrer_case_number) as external_case_number,
    case
        when coalesce(cases.referred_date, referrals.referred_date) is not null then 'henvist'
        else 'konkret_sag'
    end as case_kind,
    coalesce(cases.received_date, referrals.received_date) as received_date,
    coalesce(cases.referred_date, referrals.referred_date) as referred_date,
    cases.concluded_date,
    coalesce(cases.outcome_id, referrals.outcome_id) as outcome_id,
    cases.law_id,
    coalesce(cases.theme_id, referrals.theme_id) as theme_id,
    cases.centre_id,
    cases.own_case_number,
    referrals.overlap_status,
    referrals.matched_complaints,
    coalesce(cases.is_about_administration, true) as is_about_administration,
    cases.external_case_number is not null as is_in_case_list
from cases
full outer join referrals on cases.external_case_number = referrals.referrer_case_number
