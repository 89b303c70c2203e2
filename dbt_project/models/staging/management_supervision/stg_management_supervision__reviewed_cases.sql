with source as (

    select * from {{ delivered('management_supervision', 'reviewed_cases') }}

),

renamed as (

    select
        review_number,
        case_number,
        risk_area_id,
        centre_id,
        review_date,
        has_material_error,
        is_refund_affected
    from source

)

select * from renamed
