select
    cast(null as text) as indicator_id,
    cast(null as text) as authority,
    cast(null as date) as event_date,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as integer) as days,
    cast(null as boolean) as is_censored,
    cast(null as bigint) as cases,
    cast(null as boolean) as is_fictional
where false
