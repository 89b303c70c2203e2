with investigations as (

    select * from {{ ref('stg_borgerraadgiver_cases__investigations') }}

),

rounds as (

    select * from {{ ref('stg_borgerraadgiver_cases__fokus_scores') }}

)

select
    'borgerraadgiveren' as source_id,
    investigation_number,
    investigation_kind,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    opened_date,
    ended_date,
    conclusion,
    has_measures,
    cast(null as numeric) as score
from investigations
union all
-- A round gives each of its themes a score, and is known from the day it is published.
select
    'borgerraadgiveren' as source_id,
    'FOKUS-' || cast(round_year as text) || '-' || theme_id as investigation_number,
    'fokus' as investigation_kind,
    cast(null as text) as law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    published_date as opened_date,
    published_date as ended_date,
    cast(null as text) as conclusion,
    cast(null as boolean) as has_measures,
    score
from rounds
