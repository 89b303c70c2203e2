with source as (

    select * from {{ delivered('supplier_supervision', 'delivery_checks') }}

),

renamed as (

    select
        check_number,
        supplier_id,
        centre_id,
        check_date,
        is_documented,
        hours_agreed,
        hours_delivered,
        hours_invoiced
    from source

)

select * from renamed
