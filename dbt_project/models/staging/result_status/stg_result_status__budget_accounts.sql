with source as (

    select * from {{ delivered('result_status', 'budget_accounts') }}

),

renamed as (

    select
        authority,
        account_number,
        account_name,
        policy_area_id,
        centre_id,
        make_date(cast(account_year as integer), cast(account_month as integer), 1) as month_start,
        budget_amount,
        actual_amount
    from source

)

select * from renamed
