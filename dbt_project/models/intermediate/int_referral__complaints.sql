with complaints as (

    select * from {{ ref('stg_bif_complaints__complaints') }}

)

-- Two complaints may name the same referral; the referral is counted once all the same.
select
    referred_by,
    referrer_case_number,
    count(*) as matched_complaints
from complaints
where referred_by is not null and referrer_case_number is not null
group by referred_by, referrer_case_number
