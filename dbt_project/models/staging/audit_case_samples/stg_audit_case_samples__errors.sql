with source as (

    select * from {{ delivered('audit_case_samples', 'errors') }}

),

renamed as (

    select
        cast(audit_year as integer) as audit_year,
        law_id,
        error_kind,
        cases
    from source

)

select * from renamed
