select
    {{ key(['risk_area_id', 'plan_year']) }} as supervision_plan_key,
    'ledelsestilsyn' as source_id,
    risk_area_id,
    plan_year,
    planned_cases
from {{ ref('stg_management_supervision__planned_reviews') }}
