with source as (

    select * from {{ delivered('appeal_cases', 'outcomes') }}

),

renamed as (

    select
        appeal_number,
        cast(part_number as integer) as part_number,
        outcome as outcome_name
    from source

)

select * from renamed
