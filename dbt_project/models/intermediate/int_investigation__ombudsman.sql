with investigations as (

    select * from {{ ref('stg_parliament_ombudsman__investigations') }}

)

select
    'ombudsmanden' as source_id,
    investigation_number,
    investigation_kind,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    opened_date,
    ended_date,
    conclusion,
    has_measures,
    cast(null as numeric) as score
from investigations
