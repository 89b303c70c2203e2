select
    'resultatstatus' as source_id,
    'visionsmaal' as target_kind,
    goal_number as target_number,
    goal_name as target_name_da,
    authority,
    cast(null as text) as centre_id,
    cast(null as text) as supplier_id,
    goal_number as category_id,
    quarter_start as period_start,
    cast(quarter_start + interval '3 months' as date) - 1 as period_end,
    unit,
    direction,
    target_value,
    actual_value,
    case direction
        when 'hoejere_er_bedre' then actual_value >= target_value
        when 'lavere_er_bedre' then actual_value <= target_value
    end as is_on_target,
    case status when 'nået' then true when 'ikke nået' then false end as is_on_target_as_stated
from {{ ref('stg_result_status__vision_goals') }}
