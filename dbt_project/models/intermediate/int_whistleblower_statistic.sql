with statistics as (

    select * from {{ ref('stg_whistleblower_statistics__statistics') }}

)

select
    'borgerraadgiveren' as source_id,
    '{{ var("own_authority") }}' as authority,
    period_start_date as period_start,
    period_end_date as period_end,
    category,
    reports
from statistics
