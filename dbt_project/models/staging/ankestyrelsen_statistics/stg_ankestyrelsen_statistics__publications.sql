with source as (

    select * from {{ delivered('ankestyrelsen_statistics', 'publications') }}

),

renamed as (

    select
        publication_source_id,
        publisher,
        title,
        source_url,
        published_date
    from source

)

select * from renamed
