select
    supervision_plan_key,
    source_id,
    risk_area_id,
    plan_year,
    planned_cases
from {{ ref('int_supervision_plan') }}
