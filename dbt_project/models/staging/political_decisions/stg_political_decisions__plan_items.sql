with source as (

    select * from {{ delivered('political_decisions', 'plan_items') }}

),

renamed as (

    select
        item_number,
        plan_number,
        owner,
        due_date,
        status,
        done_date
    from source

)

select * from renamed
