select
    checks.check_number,
    checks.contract_number,
    contracts.supplier_id,
    checks.clause_kind,
    checks.check_date,
    checks.is_breach
from {{ ref('stg_political_decisions__clause_checks') }} as checks
left join {{ ref('int_contract') }} as contracts on checks.contract_number = contracts.contract_number
