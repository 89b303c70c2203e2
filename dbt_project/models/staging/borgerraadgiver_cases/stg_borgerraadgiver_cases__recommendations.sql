with renamed as (

    {{ staged('borgerraadgiver_cases', 'recommendations') }}

)

select
    *,
    {{ follow_up_status('status') }} as follow_up_status
from renamed
