with source as (

    select * from {{ delivered('borgerraadgiver_annual', 'referrals') }}

),

renamed as (

    select
        referrer_case_number,
        theme_id,
        outcome_id,
        received_date,
        referred_date
    from source

)

select * from renamed
