select
    source_id,
    ministry_point_number as follow_up_number,
    'bemaerkning' as follow_up_kind,
    'revisionsbemaerkning' as caused_by_kind,
    remark_number as caused_by_number,
    cast(null as text) as law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as centre_id,
    owner,
    opened_date,
    due_date,
    closed_date,
    follow_up_status
from {{ ref('int_ministry_point') }}
