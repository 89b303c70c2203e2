select
    {{ key(['case_number', 'risk_area_id']) }} as case_population_key,
    'ledelsestilsyn' as source_id,
    case_number,
    risk_area_id,
    centre_id,
    decided_date
from {{ ref('stg_management_supervision__case_population') }}
