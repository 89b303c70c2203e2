select
    cast(null as text) as indicator_id,
    cast(null as integer) as indicator_version,
    cast(null as text) as authority,
    cast(null as date) as event_date,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(null as numeric) as numerator,
    cast(null as numeric) as denominator,
    cast(null as bigint) as events,
    cast(null as boolean) as is_fictional
where false
