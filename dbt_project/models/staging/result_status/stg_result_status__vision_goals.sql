with renamed as (

    {{ staged('result_status', 'vision_goals') }}

)

select
    *,
    make_date(cast(goal_year as integer), cast(goal_quarter as integer) * 3 - 2, 1) as quarter_start,
    case direction_da when 'højere er bedre' then 'hoejere_er_bedre' else 'lavere_er_bedre' end as direction
from renamed
