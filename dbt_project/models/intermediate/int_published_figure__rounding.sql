with shares as (

    select * from {{ ref('int_published_figure__statements') }}
    where unit = 'pct' and law_name is not null

),

by_law as (

    select
        publication_source_id,
        authority,
        law_name,
        period_label,
        max(case when outcome_id = 'stadfaestelse' then value end) as confirmed_pct,
        max(case when outcome_id = 'aendring' then value end) as changed_pct,
        max(case when outcome_id = 'hjemvisning' then value end) as remitted_pct,
        max(case when outcome_id = 'omgjort' then value end) as reversed_pct,
        -- Whole percentages are rounded to 1, others to 0.1: one decimal anywhere in the row shows which.
        case when bool_and(value = floor(value)) then 1.0 else 0.1 end as rounding_unit_pct
    from shares
    group by publication_source_id, authority, law_name, period_label

)

select
    publication_source_id,
    authority,
    law_name,
    period_label,
    rounding_unit_pct,
    -- Each rounded figure may be half a unit off, and three of them are compared.
    round(3 * rounding_unit_pct / 2, 2) as tolerance_pct,
    confirmed_pct + changed_pct + remitted_pct - 100 as difference_from_100_pct,
    changed_pct + remitted_pct - reversed_pct as difference_from_reversed_pct,
    abs(confirmed_pct + changed_pct + remitted_pct - 100) <= 3 * rounding_unit_pct / 2
    and abs(changed_pct + remitted_pct - reversed_pct) <= 3 * rounding_unit_pct / 2 as is_within_rounding
from by_law
where confirmed_pct is not null and changed_pct is not null and remitted_pct is not null
