with source as (

    select * from {{ delivered('borgerraadgiver_cases', 'cases') }}

),

renamed as (

    select
        case_number as external_case_number,
        received_date,
        referred_date,
        concluded_date,
        outcome_id,
        theme_id,
        law_id,
        centre_id,
        own_case_number,
        is_about_administration
    from source

)

select * from renamed
