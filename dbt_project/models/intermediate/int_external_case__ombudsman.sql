with cases as (

    select * from {{ ref('stg_parliament_ombudsman__cases') }}

),

complaints as (

    select * from {{ ref('int_referral__complaints') }}
    where referred_by = 'ombudsmand'

)

select
    'ombudsmanden' as source_id,
    cases.external_case_number,
    case when cases.referred_date is not null then 'henvist' else 'konkret_sag' end as case_kind,
    cases.received_date,
    cases.referred_date,
    cases.concluded_date,
    case
        when not cases.is_examined then 'afvist_uden_undersoegelse'
        when cases.is_criticised then 'kritik'
        when not cases.is_criticised then 'ingen_kritik'
    end as outcome_id,
    cases.law_id,
    cases.theme_id,
    cases.centre_id,
    cases.own_case_number,
    case
        when cases.referred_date is null then null
        when complaints.referrer_case_number is null then 'unmatched'
        else 'matched'
    end as overlap_status,
    case when cases.referred_date is not null then coalesce(complaints.matched_complaints, 0) end
        as matched_complaints,
    true as is_about_administration,
    true as is_in_case_list
from cases
left join complaints on cases.external_case_number = complaints.referrer_case_number
