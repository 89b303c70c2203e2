with cases as (

    select * from {{ ref('stg_court_cases__cases') }}

)

select
    'domstolene' as source_id,
    external_case_number,
    court_level as case_kind,
    brought_date as received_date,
    cast(null as date) as referred_date,
    concluded_date,
    outcome_id,
    law_id,
    cast(null as text) as theme_id,
    centre_id,
    own_case_number,
    cast(null as text) as overlap_status,
    cast(null as bigint) as matched_complaints,
    true as is_about_administration,
    true as is_in_case_list
from cases
