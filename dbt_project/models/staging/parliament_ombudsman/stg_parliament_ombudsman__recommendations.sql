with source as (

    select * from {{ delivered('parliament_ombudsman', 'recommendations') }}

),

renamed as (

    select
        recommendation_number as follow_up_number,
        caused_by_number,
        theme_id,
        centre_id,
        owner,
        opened_date,
        due_date,
        closed_date,
        {{ follow_up_status('status') }} as follow_up_status
    from source

)

select * from renamed
