with known as (

    select
        criteria.risk_criterion_id,
        criteria.name_da,
        criteria.question_da,
        weights.weight
    from {{ ref('seed_risk_criterion') }} as criteria
    left join {{ ref('seed_risk_policy_criterion') }} as weights
        on criteria.risk_criterion_id = weights.risk_criterion_id

),

used as (

    select distinct risk_criterion_id from {{ ref('int_risk_assessment') }}

)

select
    risk_criterion_id,
    name_da,
    question_da,
    weight,
    true as is_known
from known
union all
select
    risk_criterion_id,
    risk_criterion_id as name_da,
    cast(null as text) as question_da,
    cast(null as numeric) as weight,
    false as is_known
from used
where not exists (select 1 from known where known.risk_criterion_id = used.risk_criterion_id)
