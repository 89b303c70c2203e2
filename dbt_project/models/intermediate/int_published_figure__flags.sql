select
    publication_source_id,
    authority,
    law_name,
    period_label,
    is_whole_year_row,
    unit,
    outcome_id,
    flag
from {{ ref('int_published_figure__part_sums') }}
where stated_value <> parts_value
union all
select * from {{ ref('int_published_figure__rounding_flags') }}
