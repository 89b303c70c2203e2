with source as (

    select * from {{ delivered('organisation', 'succession') }}

),

renamed as (

    select
        predecessor_unit_id,
        successor_unit_id,
        effective_date,
        weight
    from source

)

select * from renamed
