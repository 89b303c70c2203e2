{{ config(materialized='view') }}

with complaints as (

    select * from {{ ref('int_complaint__deadlines') }}

),

referrals as (

    select referrer_case_number from {{ ref('stg_borgerraadgiver_annual__referrals') }}

)

select
    complaints.*,
    complaints.referred_by is not null as is_referred,
    case
        when complaints.referred_by = 'borgerraadgiver' and referrals.referrer_case_number is not null then 'matched'
        when complaints.referred_by = 'borgerraadgiver' then 'unmatched'
    end as overlap_status
from complaints
left join referrals on complaints.referrer_case_number = referrals.referrer_case_number
