with source as (

    select * from {{ delivered('ministry_follow_up', 'points') }}

),

renamed as (

    select
        point_number as ministry_point_number,
        cast(letter_year as integer) as letter_year,
        remark_number,
        cast(audit_year as integer) as audit_year,
        theme_id,
        responsible as owner,
        case status when 'åben' then 'aaben' else replace(status, ' ', '_') end as follow_up_status,
        issued_date as opened_date,
        due_date,
        closed_date
    from source

)

select * from renamed
