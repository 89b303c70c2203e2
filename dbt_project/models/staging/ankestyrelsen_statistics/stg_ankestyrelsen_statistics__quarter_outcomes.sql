with source as (

    select * from {{ delivered('ankestyrelsen_statistics', 'quarter_outcomes') }}

),

renamed as (

    select
        publication_source_id,
        authority,
        law_name,
        parent_law_name,
        cast(year as integer) as calendar_year,
        cast(case when quarter <= 4 then quarter end as integer) as calendar_quarter,
        case outcome
            when 'I alt' then 'i_alt'
            when 'Stadfæstelse' then 'stadfaestelse'
            when 'Ændring' then 'aendring'
            when 'Hjemvisning' then 'hjemvisning'
            when 'Afvisning' then 'afvisning'
        end as outcome_id,
        cases,
        cases_missing_reason,
        quarter = 5 as is_whole_year
    from source

)

select * from renamed
