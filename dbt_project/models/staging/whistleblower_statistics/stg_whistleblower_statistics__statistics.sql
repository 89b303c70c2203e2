with source as (

    select * from {{ delivered('whistleblower_statistics', 'statistics') }}

),

renamed as (

    select
        period_start_date,
        period_end_date,
        category,
        reports
    from source

)

select * from renamed
