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
        hours_invoiced,
        figure_kind = 'fiktiv' as is_fictional
    from source

)

select * from renamed
