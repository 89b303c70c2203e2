with source as (

    select * from {{ delivered('audit_remarks', 'remarks') }}

),

renamed as (

    select
        remark_number,
        cast(audit_year as integer) as audit_year,
        auditor,
        administrations,
        severity,
        theme_id,
        status,
        carried_over_from,
        owner,
        raised_date,
        due_date,
        closed_date
    from source

)

select * from renamed
