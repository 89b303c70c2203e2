with renamed as (

    {{ staged('jobindsats', 'public_support') }}

)

select
    *,
    coalesce(actual_persons_missing_reason, actual_pct_missing_reason) as missing_reason
from renamed
