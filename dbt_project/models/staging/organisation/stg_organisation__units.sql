with source as (

    select * from {{ delivered('organisation', 'units') }}

),

renamed as (

    select
        unit_id,
        name,
        level,
        parent_unit_id,
        valid_from_date,
        valid_to_date
    from source

)

select * from renamed
