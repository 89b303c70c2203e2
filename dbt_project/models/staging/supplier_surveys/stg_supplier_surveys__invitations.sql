with source as (

    select * from {{ delivered('supplier_surveys', 'invitations') }}

),

renamed as (

    select
        survey_round_id,
        supplier_id,
        sent_date,
        invited
    from source

)

select * from renamed
