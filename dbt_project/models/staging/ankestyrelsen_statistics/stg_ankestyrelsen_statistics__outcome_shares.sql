with source as (

    select * from {{ delivered('ankestyrelsen_statistics', 'outcome_shares') }}

),

renamed as (

    select
        publication_source_id,
        authority,
        law_name,
        cast(year as integer) as calendar_year,
        decided_cases,
        confirmed_pct,
        changed_pct,
        remitted_pct,
        reversed_pct,
        decided_cases_missing_reason,
        confirmed_pct_missing_reason,
        changed_pct_missing_reason,
        remitted_pct_missing_reason,
        reversed_pct_missing_reason
    from source

)

select * from renamed
