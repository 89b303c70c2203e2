with ordered as (

    select
        dates.level_date,
        assessments.risk_area_id,
        assessments.risk_criterion_id,
        assessments.assessed_date,
        assessments.score,
        row_number() over (
            partition by dates.level_date, assessments.risk_area_id, assessments.risk_criterion_id
            order by assessments.assessed_date desc
        ) as place
    from {{ ref('int_risk_level__dates') }} as dates
    inner join {{ ref('fct_risk_assessment') }} as assessments on dates.level_date >= assessments.assessed_date

)

select
    ordered.level_date,
    ordered.risk_area_id,
    ordered.risk_criterion_id,
    criteria.name_da,
    ordered.assessed_date,
    ordered.score,
    coalesce(criteria.weight, 0) as weight
from ordered
inner join {{ ref('dim_risk_criterion') }} as criteria on ordered.risk_criterion_id = criteria.risk_criterion_id
where ordered.place = 1
