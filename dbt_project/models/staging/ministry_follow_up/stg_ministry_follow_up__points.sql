with renamed as (

    {{ staged('ministry_follow_up', 'points') }}

)

select
    *,
    case status when 'åben' then 'aaben' else replace(status, ' ', '_') end as follow_up_status
from renamed
