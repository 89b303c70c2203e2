with source as (

    select * from {{ delivered('supplier_surveys', 'answers') }}

),

renamed as (

    select
        respondent_id,
        survey_round_id,
        supplier_id,
        question_id,
        cast(score as integer) as score,
        answered_date
    from source

)

select * from renamed
