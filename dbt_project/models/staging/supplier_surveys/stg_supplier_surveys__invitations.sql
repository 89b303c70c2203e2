with source as (

    select * from {{ delivered('supplier_surveys', 'invitations') }}

),

renamed as (

    select
        survey_round_id,
        supplier_id,
        sent_date,
        invited,
        figure_kind = 'fiktiv' as is_fictional
    from source

)

select * from renamed
