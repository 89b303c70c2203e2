with source as (

    select * from {{ delivered('bif_complaints', 'complaint_points') }}

),

renamed as (

    select
        case_number,
        cast(point_number as integer) as point_number,
        theme_id,
        outcome_id
    from source

)

select * from renamed
