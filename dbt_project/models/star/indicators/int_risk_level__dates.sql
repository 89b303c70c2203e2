-- The ends of quarters are also those of calendar and report years; the newest is the build's own day.
select period_end as level_date
from {{ ref('int_period') }}
where
    period_kind = 'kvartal'
    and period_end < {{ as_of_date() }}
    and period_end >= (select min(assessed_date) from {{ ref('fct_risk_assessment') }})
union
select {{ as_of_date() }} as level_date
