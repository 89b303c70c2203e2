with plans as (

    select * from {{ ref('fct_supervision_plan') }}

),

reviews as (

    select
        risk_area_id,
        cast(extract(year from review_date) as integer) as review_year,
        review_date
    from {{ ref('fct_case_review') }}

),

carried_out as (

    select
        risk_area_id,
        review_year,
        count(*) as carried_out
    from reviews
    group by risk_area_id, review_year

),

years as (

    select
        coalesce(plans.risk_area_id, carried_out.risk_area_id) as risk_area_id,
        coalesce(plans.plan_year, carried_out.review_year) as planned_year,
        coalesce(carried_out.carried_out, 0) as carried_out,
        coalesce(plans.planned_cases, 0) as planned,
        least(
            cast(cast(coalesce(plans.plan_year, carried_out.review_year) as text) || '-12-31' as date),
            {{ as_of_date() }}
        ) as level_date
    from plans
    full outer join carried_out
        on plans.risk_area_id = carried_out.risk_area_id and plans.plan_year = carried_out.review_year

),

last_review as (

    select
        years.risk_area_id,
        years.planned_year,
        max(reviews.review_date) as last_review_date
    from years
    left join reviews on years.risk_area_id = reviews.risk_area_id and years.level_date >= reviews.review_date
    group by years.risk_area_id, years.planned_year

)

select
    years.risk_area_id,
    years.planned_year,
    levels.level,
    levels.frequency_months,
    levels.cases_per_round,
    last_review.last_review_date,
    case
        when levels.level is null then null
        when last_review.last_review_date is null then years.level_date
        else {{ add_months('last_review.last_review_date', 'levels.frequency_months') }}
    end as next_due_date,
    years.carried_out,
    years.planned
from years
inner join last_review
    on years.risk_area_id = last_review.risk_area_id and years.planned_year = last_review.planned_year
left join {{ ref('fct_risk_level') }} as states
    on years.risk_area_id = states.risk_area_id and years.level_date = states.level_date
left join {{ ref('dim_risk_level') }} as levels on states.level = levels.level
