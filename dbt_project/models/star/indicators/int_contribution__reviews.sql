with reviews as (

    select * from {{ ref('fct_investigation') }}
    where source_id = 'ankestyrelsen' and ended_date is not null

),

measured as (

    select
        reviews.*,
        measures.*
    from reviews
    cross join lateral (
        values
        ('principmeddelelser', 'principmeddelelse', 1),
        ('praksisundersoegelser_afsluttet', 'praksisundersoegelse', 1),
        ('kommunetilsyn_afsluttet', 'kommunetilsyn', 1),
        ('kommunetilsyn_kritik', 'kommunetilsyn', case when conclusion = 'kritik' then 1 else 0 end)
    ) as measures (indicator_id, measured_kind, numerator)

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    '{{ var("own_authority") }}' as authority,
    ended_date as event_date,
    cast(null as text) as centre_id,
    law_id,
    theme_id,
    risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(null as numeric) as denominator,
    count(*) as events
from measured
where investigation_kind = measured_kind
group by indicator_id, ended_date, law_id, theme_id, risk_area_id
