select
    {{ key(['review_number']) }} as case_review_key,
    'ledelsestilsyn' as source_id,
    review_number,
    case_number,
    risk_area_id,
    centre_id,
    review_date,
    has_material_error,
    is_refund_affected
from {{ ref('stg_management_supervision__reviewed_cases') }}
