with source as (

    select * from {{ delivered('citizen_surveys', 'results') }}

),

renamed as (

    select
        survey_round_id,
        question_id,
        respondent_group,
        respondents,
        satisfied,
        satisfied_pct
    from source

)

select * from renamed
