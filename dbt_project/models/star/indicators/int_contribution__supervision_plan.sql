with facts as not materialized (

    select
        plans.*,
        (
            select count(*) from {{ ref('fct_case_review') }} as reviews
            where
                reviews.risk_area_id = plans.risk_area_id
                and cast(extract(year from reviews.review_date) as integer) = plans.plan_year
        ) as carried_out
    from {{ ref('fct_supervision_plan') }} as plans

),

{{ contributions('fct_supervision_plan') }}
