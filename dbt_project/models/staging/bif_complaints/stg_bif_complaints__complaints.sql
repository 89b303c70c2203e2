with source as (

    select * from {{ delivered('bif_complaints', 'complaints') }}

),

renamed as (

    select
        case_number,
        citizen_pseudonym,
        complaint_type as complaint_type_id,
        received_by,
        referred_by,
        referrer_case_number,
        centre_id,
        law_id,
        theme_id,
        outcome_id,
        kle_number,
        is_closed,
        answer_due_date,
        received_at,
        registered_at,
        forwarded_at,
        answered_at,
        decided_at
    from source

)

select * from renamed
