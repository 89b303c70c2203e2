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
        ('principmeddelelser', 'principmeddelelse', 1, null),
        ('praksisundersoegelser_afsluttet', 'praksisundersoegelse', 1, null),
        ('kommunetilsyn_afsluttet', 'kommunetilsyn', 1, null),
        ('kommunetilsyn_kritik_pct', 'kommunetilsyn', case when conclusion = 'kritik' then 1 else 0 end, 1)
    ) as measures (indicator_id, measured_kind, numerator, denominator)

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
    cast(sum(denominator) as numeric) as denominator,
    count(*) as events,
    bool_or(is_fictional) as is_fictional
from measured
where investigation_kind = measured_kind
group by indicator_id, ended_date, law_id, theme_id, risk_area_id
