select
    cast(null as text) as source_id,
    cast(null as text) as investigation_number,
    cast(null as text) as investigation_kind,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as date) as opened_date,
    cast(null as date) as ended_date,
    cast(null as text) as conclusion,
    cast(null as boolean) as has_measures,
    cast(null as numeric) as score,
    cast(null as boolean) as is_fictional
where false
