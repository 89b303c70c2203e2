with source as (

    select * from {{ delivered('supplier_supervision', 'suppliers') }}

),

renamed as (

    select
        supplier_id,
        supplier_name,
        service_kind,
        valid_from_date as agreement_from_date,
        valid_to_date as agreement_to_date
    from source

)

select * from renamed
