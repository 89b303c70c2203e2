select
    {{ key(['check_number']) }} as clause_check_key,
    'politiske_beslutninger' as source_id,
    check_number,
    contract_number,
    supplier_id,
    clause_kind,
    check_date,
    is_breach,
    {{ is_fictional() }} as is_fictional
from {{ ref('int_clause_check') }}
