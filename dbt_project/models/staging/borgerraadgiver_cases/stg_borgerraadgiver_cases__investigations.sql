with source as (

    select * from {{ delivered('borgerraadgiver_cases', 'investigations') }}

),

renamed as (

    select
        investigation_number,
        investigation_kind,
        theme_id,
        law_id,
        opened_date,
        ended_date,
        conclusion,
        has_measures
    from source

)

select * from renamed
