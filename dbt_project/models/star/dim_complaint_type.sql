select
    complaint_type_id,
    name_da,
    description_da
from {{ ref('seed_complaint_type') }}
