with source as (

    select * from {{ delivered('early_retirement_cases', 'cases') }}

),

renamed as (

    select
        case_number,
        citizen_pseudonym,
        centre_id,
        received_date,
        complete_date,
        rehabilitation_team_date,
        decided_date,
        outcome_id,
        is_closed
    from source

)

select * from renamed
