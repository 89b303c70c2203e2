select
    case_population_key,
    source_id,
    case_number,
    risk_area_id,
    centre_id,
    decided_date
from {{ ref('int_case_population') }}
