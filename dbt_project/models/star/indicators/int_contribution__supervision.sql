with reviews as (

    select * from {{ ref('fct_case_review') }}

),

plans as (

    select
        plans.risk_area_id,
        plans.plan_year,
        plans.planned_cases,
        (
            select count(*) from {{ ref('fct_case_review') }} as reviews
            where
                reviews.risk_area_id = plans.risk_area_id
                and cast(extract(year from reviews.review_date) as integer) = plans.plan_year
        ) as carried_out
    from {{ ref('fct_supervision_plan') }} as plans
    where plans.plan_year <= extract(year from {{ as_of_date() }})

),

measured as (

    select
        'tilsynssager_vaesentlig_fejl_pct' as indicator_id,
        review_date as event_date,
        centre_id,
        risk_area_id,
        cast(null as text) as category_id,
        sum(case when has_material_error then 1 else 0 end) as numerator,
        count(*) as denominator,
        count(*) as events
    from reviews
    group by review_date, centre_id, risk_area_id
    union all
    select
        'tilsyn_retssikkerhed_brudt_pct' as indicator_id,
        answers.review_date as event_date,
        answers.centre_id,
        answers.risk_area_id,
        answers.control_question_id as category_id,
        sum(case when answers.answer = 'nej' then 1 else 0 end) as numerator,
        count(*) as denominator,
        count(*) as events
    from {{ ref('fct_case_review_answer') }} as answers
    inner join {{ ref('dim_control_question') }} as questions
        on answers.control_question_id = questions.control_question_id
    where questions.category = 'retssikkerhed' and answers.is_relevant and answers.review_date is not null
    group by answers.review_date, answers.centre_id, answers.risk_area_id, answers.control_question_id
    union all
    -- What is done beyond one area's plan does not make up for what is missing in another.
    select
        'tilsyn_gennemfoert_pct' as indicator_id,
        cast(cast(plan_year as text) || '-01-01' as date) as event_date,
        cast(null as text) as centre_id,
        risk_area_id,
        cast(null as text) as category_id,
        least(carried_out, planned_cases) as numerator,
        planned_cases as denominator,
        planned_cases as events
    from plans

)

select
    indicator_id,
    1 as indicator_version,
    '{{ var("own_authority") }}' as authority,
    event_date,
    centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    risk_area_id,
    cast(null as text) as supplier_id,
    category_id,
    cast(numerator as numeric) as numerator,
    cast(denominator as numeric) as denominator,
    cast(events as bigint) as events
from measured
