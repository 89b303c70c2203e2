with source as (

    select * from {{ delivered('ankestyrelsen_reviews', 'recommendations') }}

),

renamed as (

    select
        recommendation_number,
        review_number,
        owner,
        due_date,
        closed_date,
        status
    from source

)

select * from renamed
