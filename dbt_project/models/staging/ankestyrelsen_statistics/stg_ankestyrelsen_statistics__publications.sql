with source as (

    select * from {{ delivered('ankestyrelsen_statistics', 'publications') }}

),

renamed as (

    select
        publication_source_id,
        publisher,
        title,
        source_url,
        published_date,
        figure_kind = 'fiktiv' as is_fictional
    from source

)

select * from renamed
