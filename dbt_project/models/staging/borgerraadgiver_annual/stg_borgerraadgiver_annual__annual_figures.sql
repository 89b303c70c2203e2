with source as (

    select * from {{ delivered('borgerraadgiver_annual', 'annual_figures') }}

),

renamed as (

    select
        authority,
        source_url,
        cast(report_year as integer) as report_year,
        period_start_date,
        period_end_date,
        inquiries,
        change_pct,
        upheld_pct
    from source

)

select * from renamed
