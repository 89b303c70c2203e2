-- Empty here: the row is written in the transaction that publishes.
select
    cast(null as bigint) as publication_id,
    cast(null as bigint) as build_id,
    cast(null as date) as as_of_date,
    cast(null as timestamptz) as published_at,
    cast(null as text) as note
where false
