with recommendations as (

    select * from {{ ref('stg_ankestyrelsen_reviews__recommendations') }}

),

reviews as (

    select * from {{ ref('stg_ankestyrelsen_reviews__reviews') }}

)

select
    'ankestyrelsen' as source_id,
    recommendations.recommendation_number as follow_up_number,
    'anbefaling' as follow_up_kind,
    'undersoegelse' as caused_by_kind,
    recommendations.review_number as caused_by_number,
    reviews.law_id,
    reviews.theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as centre_id,
    recommendations.owner,
    -- Where the review itself was set aside, only the recommendation's own dates are known.
    reviews.ended_date as opened_date,
    recommendations.due_date,
    recommendations.closed_date,
    case recommendations.status
        when 'åben' then 'aaben'
        when 'delvist lukket' then 'delvist_lukket'
        else recommendations.status
    end as follow_up_status
from recommendations
left join reviews on recommendations.review_number = reviews.review_number
