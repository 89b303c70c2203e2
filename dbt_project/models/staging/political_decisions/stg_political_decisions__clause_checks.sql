with renamed as (

    {{ staged('political_decisions', 'clause_checks') }}

)

select
    *,
    replace(clause_kind_da, ' ', '_') as clause_kind
from renamed
