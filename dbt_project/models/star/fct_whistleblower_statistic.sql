with counts as (

    select * from {{ ref('int_whistleblower_statistic') }}

)

select
    {{ key(['source_id', 'authority', 'period_start', 'period_end', 'category']) }} as whistleblower_statistic_key,
    source_id,
    authority,
    period_start,
    period_end,
    category,
    reports,
    {{ is_fictional('authority') }} as is_fictional
from counts
