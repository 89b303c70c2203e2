select
    'politiske_beslutninger' as source_id,
    items.item_number as follow_up_number,
    'handleplanspunkt' as follow_up_kind,
    'beslutning' as caused_by_kind,
    items.plan_number as caused_by_number,
    cast(null as text) as law_id,
    plans.theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as centre_id,
    items.owner,
    plans.decided_date as opened_date,
    items.due_date,
    case when items.status in ('lukket', 'bortfaldet') then items.done_date end as closed_date,
    {{ follow_up_status('items.status') }} as follow_up_status
from {{ ref('stg_political_decisions__plan_items') }} as items
left join {{ ref('stg_political_decisions__plans') }} as plans on items.plan_number = plans.plan_number
