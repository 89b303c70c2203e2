with source as (

    select * from {{ delivered('appeal_cases', 'appeals') }}

),

renamed as (

    select
        appeal_number,
        case_number,
        law_id,
        theme_id,
        centre_id,
        received_date,
        decided_date
    from source

)

select * from renamed
