select
    'resultatstatus' as source_id,
    'oekonomi' as target_kind,
    account_number as target_number,
    account_name as target_name_da,
    authority,
    centre_id,
    cast(null as text) as supplier_id,
    policy_area_id as category_id,
    month_start as period_start,
    cast(month_start + interval '1 month' as date) - 1 as period_end,
    'kr' as unit,
    'neutral' as direction,
    budget_amount as target_value,
    actual_amount as actual_value,
    -- More and less than the budget are both a deviation.
    cast(null as boolean) as is_on_target,
    cast(null as boolean) as is_on_target_as_stated
from {{ ref('stg_result_status__budget_accounts') }}
