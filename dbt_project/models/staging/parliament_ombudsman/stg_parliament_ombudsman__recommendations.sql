with renamed as (

    {{ staged('parliament_ombudsman', 'recommendations') }}

)

select
    *,
    {{ follow_up_status('status') }} as follow_up_status
from renamed
