with source as (

    select * from {{ delivered('court_cases', 'cases') }}

),

renamed as (

    select
        case_number as external_case_number,
        court_level,
        brought_date,
        concluded_date,
        outcome_id,
        law_id,
        centre_id,
        own_case_number
    from source

)

select * from renamed
