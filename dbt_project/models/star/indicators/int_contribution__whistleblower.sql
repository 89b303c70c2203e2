with statistics as (

    select * from {{ ref('fct_whistleblower_statistic') }}

)

select
    case category when 'modtaget' then 'whistleblower_modtaget' else 'whistleblower_undersoegt' end as indicator_id,
    cast(null as integer) as indicator_version,
    authority,
    period_end as event_date,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(reports as numeric) as numerator,
    cast(null as numeric) as denominator,
    reports as events
from statistics
where category in ('modtaget', 'undersoegt')
