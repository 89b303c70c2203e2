with source as (

    select * from {{ delivered('citizen_surveys', 'rounds') }}

),

renamed as (

    select
        survey_round_id,
        authority,
        survey_method_id,
        cast(survey_year as integer) as survey_year,
        invited,
        respondents,
        response_rate_pct,
        source_url
    from source

)

select * from renamed
