with shares as (

    select * from {{ ref('stg_ankestyrelsen_statistics__outcome_shares') }}

),

statements as (

    select
        shares.publication_source_id,
        shares.authority,
        shares.law_name,
        shares.calendar_year,
        outcomes.outcome_id,
        outcomes.unit,
        outcomes.value,
        outcomes.missing_reason,
        shares.decided_cases is not null as has_counts
    from shares
    cross join lateral (
        values
        ('stadfaestelse', 'pct', shares.confirmed_pct, shares.confirmed_pct_missing_reason),
        ('aendring', 'pct', shares.changed_pct, shares.changed_pct_missing_reason),
        ('hjemvisning', 'pct', shares.remitted_pct, shares.remitted_pct_missing_reason),
        ('omgjort', 'pct', shares.reversed_pct, shares.reversed_pct_missing_reason),
        ('i_alt', 'antal', shares.decided_cases, shares.decided_cases_missing_reason)
    ) as outcomes (outcome_id, unit, value, missing_reason)

)

select
    'ankestyrelsen' as source_id,
    publication_source_id,
    authority,
    law_name,
    cast(null as text) as parent_law_name,
    'kalenderaar' as period_kind,
    cast(calendar_year as text) as period_label,
    outcome_id,
    unit,
    value,
    missing_reason,
    has_counts,
    false as is_whole_year_row
from statements
-- A blank says nothing; a suppressed figure says that there is one.
where value is not null or missing_reason is not null
