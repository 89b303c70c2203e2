with points as (

    -- A point that was dropped had no deadline to keep; one that is open and not yet due can still be in time.
    select * from {{ ref('fct_ministry_point') }}
    where
        follow_up_status <> 'bortfaldet'
        and due_date is not null
        and (closed_date is not null or due_date < {{ as_of_date() }})

)

select
    'ministeriets_punkter_lukket_til_tiden_pct' as indicator_id,
    1 as indicator_version,
    authority,
    due_date as event_date,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(count(case when closed_date <= due_date then 1 end) as numeric) as numerator,
    cast(count(*) as numeric) as denominator,
    count(*) as events
from points
group by authority, due_date, theme_id
