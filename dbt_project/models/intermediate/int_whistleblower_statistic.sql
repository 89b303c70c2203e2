with statistics as (

    select * from {{ ref('stg_whistleblower_statistics__statistics') }}

)

select
    'borgerraadgiveren' as source_id,
    '{{ var("own_authority") }}' as authority,
    period_start_date as period_start,
    period_end_date as period_end,
    category,
    reports,
    -- The contract holds period, category and count only: whose they are, the administration says itself.
    '{{ var("own_authority") }}' like '%(fiktiv)%' as is_fictional
from statistics
