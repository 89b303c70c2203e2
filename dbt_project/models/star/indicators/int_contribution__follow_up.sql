with items as (

    select * from {{ ref('fct_follow_up') }}
    where is_closed_on_time is not null

)

select
    'opfoelgning_til_tiden_pct' as indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    cast(date_trunc('month', due_date) as date) as event_date,
    centre_id,
    law_id,
    theme_id,
    risk_area_id,
    cast(null as text) as supplier_id,
    source_id as category_id,
    cast(sum(cast(is_closed_on_time as integer)) as numeric) as numerator,
    cast(count(*) as numeric) as denominator,
    count(*) as events
from items
group by date_trunc('month', due_date), centre_id, law_id, theme_id, risk_area_id, source_id
