with source as (

    select * from {{ delivered('supplier_supervision', 'planned_checks') }}

),

renamed as (

    select
        plan_number,
        supplier_id,
        planned_date,
        check_number
    from source

)

select * from renamed
