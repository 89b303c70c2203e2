with source as (

    select * from {{ delivered('published_figures', 'figures') }}

),

renamed as (

    select
        publication_source_id,
        source_id,
        authority,
        measure,
        category,
        period_kind,
        period_label,
        unit,
        publisher,
        title,
        source_url,
        note_da,
        value,
        cast(decimals as integer) as stated_decimals,
        published_date
    from source

)

select * from renamed
