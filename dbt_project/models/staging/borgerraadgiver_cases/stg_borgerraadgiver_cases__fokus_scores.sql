with source as (

    select * from {{ delivered('borgerraadgiver_cases', 'fokus_scores') }}

),

renamed as (

    select
        cast(round_year as integer) as round_year,
        theme_id,
        published_date,
        score
    from source

)

select * from renamed
