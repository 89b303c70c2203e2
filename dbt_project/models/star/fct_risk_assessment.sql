select
    risk_assessment_key,
    source_id,
    risk_area_id,
    risk_criterion_id,
    assessed_date,
    score
from {{ ref('int_risk_assessment') }}
