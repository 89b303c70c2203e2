select
    contract_number,
    supplier_id,
    agreement_from_date,
    agreement_to_date,
    has_labour_clause,
    has_social_clause,
    is_known,
    {{ is_fictional() }} as is_fictional
from {{ ref('int_contract') }}
