with figures as (

    select * from {{ ref('stg_published_figures__figures') }}

)

select
    source_id,
    publication_source_id,
    authority,
    cast(null as text) as law_name,
    cast(null as text) as parent_law_name,
    period_kind,
    period_label,
    measure as outcome_id,
    unit,
    value,
    cast(null as text) as missing_reason,
    unit = 'antal' as has_counts,
    false as is_whole_year_row,
    category,
    note_da,
    stated_decimals
from figures
