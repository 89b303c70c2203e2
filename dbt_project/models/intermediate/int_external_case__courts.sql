select
    cast(null as text) as source_id,
    cast(null as text) as external_case_number,
    cast(null as text) as case_kind,
    cast(null as date) as received_date,
    cast(null as date) as referred_date,
    cast(null as date) as concluded_date,
    cast(null as text) as outcome_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as centre_id,
    cast(null as text) as own_case_number,
    cast(null as text) as overlap_status,
    cast(null as bigint) as matched_complaints,
    cast(null as boolean) as is_fictional
where false
