with source as (

    select * from {{ delivered('management_supervision', 'case_population') }}

),

renamed as (

    select
        case_number,
        risk_area_id,
        centre_id,
        decided_date
    from source

)

select * from renamed
