with investigations as (

    select * from {{ ref('int_investigation') }}

)

select
    {{ key(['source_id', 'investigation_number']) }} as investigation_key,
    source_id,
    investigation_number,
    investigation_kind,
    law_id,
    theme_id,
    risk_area_id,
    opened_date,
    ended_date,
    conclusion,
    score,
    ended_date is not null as is_ended,
    has_measures,
    {{ is_fictional() }} as is_fictional
from investigations
