with source as (

    select * from {{ delivered('complaint_reassessments', 'reassessments') }}

),

renamed as (

    select
        case_number,
        received_date,
        reassessed_date,
        result as reassessment_result,
        forwarded_date,
        appeal_number
    from source

)

select * from renamed
