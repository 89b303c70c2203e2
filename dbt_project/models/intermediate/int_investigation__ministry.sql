select
    'ministerium_star' as source_id,
    investigation_number,
    'praksisundersoegelse' as investigation_kind,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    opened_date,
    ended_date,
    conclusion,
    has_measures,
    cast(null as numeric) as score
from {{ ref('stg_ministry_follow_up__investigations') }}
