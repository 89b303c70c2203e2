with known as (

    select * from {{ ref('seed_risk_area') }}

),

used as (

    select risk_area_id from {{ ref('int_risk_assessment') }}
    union
    select risk_area_id from {{ ref('int_supervision_plan') }}
    union
    select risk_area_id from {{ ref('int_case_review') }}
    union
    select risk_area_id from {{ ref('int_case_population') }}
    union
    select risk_area_id from {{ ref('int_follow_up__supervision') }}

)

select
    risk_area_id,
    name_da,
    true as is_known
from known
union all
select
    risk_area_id,
    risk_area_id as name_da,
    false as is_known
from used
where not exists (select 1 from known where known.risk_area_id = used.risk_area_id)
