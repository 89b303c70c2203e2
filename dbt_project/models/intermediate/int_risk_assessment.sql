select
    {{ key(['risk_area_id', 'risk_criterion_id', 'assessed_date']) }} as risk_assessment_key,
    'ledelsestilsyn' as source_id,
    risk_area_id,
    risk_criterion_id,
    assessed_date,
    score
from {{ ref('stg_management_supervision__risk_assessments') }}
