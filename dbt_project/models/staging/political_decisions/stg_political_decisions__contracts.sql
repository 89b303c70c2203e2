with source as (

    select * from {{ delivered('political_decisions', 'contracts') }}

),

renamed as (

    select
        contract_number,
        supplier_id,
        valid_from_date as agreement_from_date,
        valid_to_date as agreement_to_date,
        has_labour_clause,
        has_social_clause
    from source

)

select * from renamed
