with source as (

    select * from {{ delivered('audit_case_samples', 'samples') }}

),

renamed as (

    select
        cast(audit_year as integer) as audit_year,
        law_id,
        auditor,
        cases_reviewed,
        cases_with_error,
        cases_with_refund_error
    from source

)

select * from renamed
