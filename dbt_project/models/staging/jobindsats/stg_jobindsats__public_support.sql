with source as (

    select * from {{ delivered('jobindsats', 'public_support') }}

),

renamed as (

    select
        area as authority,
        period_code,
        benefit_group,
        expected_persons,
        actual_persons,
        expected_pct,
        actual_pct,
        cast(benchmark_rank as integer) as benchmark_rank,
        coalesce(actual_persons_missing_reason, actual_pct_missing_reason) as missing_reason
    from source

)

select * from renamed
