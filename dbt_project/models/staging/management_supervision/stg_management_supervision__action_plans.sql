with source as (

    select * from {{ delivered('management_supervision', 'action_plans') }}

),

renamed as (

    select
        action_number,
        caused_by_kind,
        caused_by_number,
        risk_area_id,
        centre_id,
        owner,
        opened_date,
        due_date,
        closed_date,
        status
    from source

)

select * from renamed
