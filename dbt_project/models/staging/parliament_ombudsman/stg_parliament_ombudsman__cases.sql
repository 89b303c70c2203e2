with renamed as (

    {{ staged('parliament_ombudsman', 'cases') }}

)

select
    *,
    case treatment when 'undersøgt' then true when 'afvist uden undersøgelse' then false end as is_examined
from renamed
