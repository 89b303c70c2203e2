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
        ended_date,
        figure_kind = 'fiktiv' as is_fictional
    from source

)

select * from renamed
