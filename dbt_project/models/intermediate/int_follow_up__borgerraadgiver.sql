with recommendations as (

    select * from {{ ref('stg_borgerraadgiver_cases__recommendations') }}

),

investigations as (

    select * from {{ ref('stg_borgerraadgiver_cases__investigations') }}

)

select
    'borgerraadgiveren' as source_id,
    recommendations.follow_up_number,
    'anbefaling' as follow_up_kind,
    {{ caused_by_kind('recommendations.caused_by_number') }} as caused_by_kind,
    recommendations.caused_by_number,
    investigations.law_id,
    recommendations.theme_id,
    cast(null as text) as risk_area_id,
    recommendations.centre_id,
    recommendations.owner,
    recommendations.opened_date,
    recommendations.due_date,
    recommendations.closed_date,
    recommendations.follow_up_status,
    recommendations.is_fictional
from recommendations
left join investigations on recommendations.caused_by_number = investigations.investigation_number
