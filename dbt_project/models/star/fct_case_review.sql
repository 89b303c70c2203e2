with reviews as (

    select * from {{ ref('int_case_review') }}

),

organisation as (

    select * from {{ ref('int_organisation__versions') }}

)

select
    reviews.case_review_key,
    reviews.source_id,
    reviews.review_number,
    reviews.case_number,
    reviews.risk_area_id,
    reviews.centre_id,
    organisation.organisation_key,
    reviews.review_date,
    reviews.has_material_error,
    reviews.is_refund_affected
from reviews
left join organisation
    on
        reviews.centre_id = organisation.unit_id
        and reviews.review_date between organisation.covers_from_date and organisation.covers_to_date
