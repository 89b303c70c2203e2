with items as (

    select
        items.*,
        plans.plan_name,
        plans.decided_date,
        case
            when items.status = 'bortfaldet' then null
            when items.status = 'lukket' then items.done_date <= items.due_date
            when items.due_date < {{ as_of_date() }} then false
        end as is_on_target
    from {{ ref('stg_political_decisions__plan_items') }} as items
    left join {{ ref('stg_political_decisions__plans') }} as plans on items.plan_number = plans.plan_number

)

select
    'politiske_beslutninger' as source_id,
    'handleplan' as target_kind,
    item_number as target_number,
    coalesce(plan_name, plan_number) as target_name_da,
    '{{ var("own_authority") }}' as authority,
    cast(null as text) as centre_id,
    cast(null as text) as supplier_id,
    plan_number as category_id,
    coalesce(decided_date, due_date) as period_start,
    due_date as period_end,
    'antal' as unit,
    'hoejere_er_bedre' as direction,
    cast(1 as numeric) as target_value,
    case when is_on_target then cast(1 as numeric) when not is_on_target then 0 end as actual_value,
    is_on_target,
    cast(null as boolean) as is_on_target_as_stated
from items
