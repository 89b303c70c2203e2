with renamed as (

    {{ staged('result_status', 'budget_accounts') }}

)

select
    *,
    make_date(cast(account_year as integer), cast(account_month as integer), 1) as month_start
from renamed
