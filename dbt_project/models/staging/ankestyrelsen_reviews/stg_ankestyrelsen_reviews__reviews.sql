with renamed as (

    {{ staged('ankestyrelsen_reviews', 'reviews') }}

)

select
    *,
    case review_kind_da when 'praksisundersøgelse' then 'praksisundersoegelse' else review_kind_da end as review_kind
from renamed
