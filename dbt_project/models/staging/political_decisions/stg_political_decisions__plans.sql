with source as (

    select * from {{ delivered('political_decisions', 'plans') }}

),

renamed as (

    select
        plan_number,
        plan_name,
        theme_id,
        decided_date
    from source

)

select * from renamed
