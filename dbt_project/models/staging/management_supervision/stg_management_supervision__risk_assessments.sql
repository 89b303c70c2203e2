with source as (

    select * from {{ delivered('management_supervision', 'risk_assessments') }}

),

renamed as (

    select
        risk_area_id,
        risk_criterion_id,
        assessed_date,
        cast(score as integer) as score
    from source

)

select * from renamed
