with outcomes as (

    select * from {{ ref('stg_ankestyrelsen_statistics__quarter_outcomes') }}

)

select
    'ankestyrelsen' as source_id,
    publication_source_id,
    authority,
    law_name,
    parent_law_name,
    case when is_whole_year then 'kalenderaar' else 'kvartal' end as period_kind,
    case
        when is_whole_year then cast(calendar_year as text)
        else cast(calendar_year as text) || '-K' || cast(calendar_quarter as text)
    end as period_label,
    outcome_id,
    'antal' as unit,
    cast(cases as numeric) as value,
    cases_missing_reason as missing_reason,
    true as has_counts,
    is_whole_year as is_whole_year_row
from outcomes
where cases is not null or cases_missing_reason is not null
