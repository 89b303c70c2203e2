with source as (

    select * from {{ delivered('political_decisions', 'clause_checks') }}

),

renamed as (

    select
        check_number,
        contract_number,
        replace(clause_kind, ' ', '_') as clause_kind,
        check_date,
        is_breach
    from source

)

select * from renamed
