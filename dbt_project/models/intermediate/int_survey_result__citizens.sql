select
    cast(null as text) as source_id,
    cast(null as text) as survey_round_id,
    cast(null as text) as survey_method_id,
    cast(null as text) as authority,
    cast(null as text) as question_id,
    cast(null as text) as theme_id,
    cast(null as text) as supplier_id,
    cast(null as text) as centre_id,
    cast(null as date) as answered_date,
    cast(null as bigint) as invited,
    cast(null as bigint) as respondents,
    cast(null as bigint) as satisfied,
    cast(null as numeric) as satisfied_pct,
    cast(null as boolean) as is_published_elsewhere,
    cast(null as boolean) as is_fictional
where false
