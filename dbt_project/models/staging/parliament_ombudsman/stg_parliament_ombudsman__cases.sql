with source as (

    select * from {{ delivered('parliament_ombudsman', 'cases') }}

),

renamed as (

    select
        case_number as external_case_number,
        received_date,
        referred_date,
        concluded_date,
        case treatment when 'undersøgt' then true when 'afvist uden undersøgelse' then false end as is_examined,
        is_criticised,
        theme_id,
        law_id,
        centre_id,
        own_case_number
    from source

)

select * from renamed
