with source as (

    select * from {{ delivered('ministry_follow_up', 'investigations') }}

),

renamed as (

    select
        investigation_number,
        law_id,
        theme_id,
        conclusion,
        has_measures,
        opened_date,
        ended_date
    from source

)

select * from renamed
