with source as (

    select * from {{ delivered('audit_remarks', 'totals') }}

),

renamed as (

    select
        authority,
        cast(audit_year as integer) as audit_year,
        source_url,
        remarks,
        critical,
        substantial,
        minor,
        carried_over,
        new_remarks
    from source

)

select * from renamed
