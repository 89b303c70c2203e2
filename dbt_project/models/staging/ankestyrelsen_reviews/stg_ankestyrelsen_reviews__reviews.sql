with source as (

    select * from {{ delivered('ankestyrelsen_reviews', 'reviews') }}

),

renamed as (

    select
        review_number,
        case review_kind when 'praksisundersøgelse' then 'praksisundersoegelse' else review_kind end as review_kind,
        law_id,
        theme_id,
        opened_date,
        ended_date,
        conclusion
    from source

)

select * from renamed
