select
    cast(null as text) as source_id,
    cast(null as text) as follow_up_number,
    cast(null as text) as follow_up_kind,
    cast(null as text) as caused_by_kind,
    cast(null as text) as caused_by_number,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as centre_id,
    cast(null as text) as owner,
    cast(null as date) as opened_date,
    cast(null as date) as due_date,
    cast(null as date) as closed_date,
    cast(null as text) as follow_up_status,
    cast(null as boolean) as is_fictional
where false
