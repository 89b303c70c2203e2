select
    supplier_id,
    name_da,
    service_kind,
    agreement_from_date,
    agreement_to_date,
    is_known,
    {{ is_fictional() }} as is_fictional
from {{ ref('int_supplier') }}
