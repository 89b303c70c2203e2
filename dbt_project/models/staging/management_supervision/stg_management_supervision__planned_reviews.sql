with source as (

    select * from {{ delivered('management_supervision', 'planned_reviews') }}

),

renamed as (

    select
        risk_area_id,
        cast(plan_year as integer) as plan_year,
        cast(planned_cases as integer) as planned_cases
    from source

)

select * from renamed
