with reviews as (

    select * from {{ ref('stg_ankestyrelsen_reviews__reviews') }}

),

measures as (

    select distinct review_number from {{ ref('stg_ankestyrelsen_reviews__recommendations') }}

)

select
    'ankestyrelsen' as source_id,
    reviews.review_number as investigation_number,
    reviews.review_kind as investigation_kind,
    reviews.law_id,
    reviews.theme_id,
    cast(null as text) as risk_area_id,
    reviews.opened_date,
    reviews.ended_date,
    reviews.conclusion,
    case when reviews.ended_date is not null then measures.review_number is not null end as has_measures,
    cast(null as numeric) as score
from reviews
left join measures on reviews.review_number = measures.review_number
