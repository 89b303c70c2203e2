with periods as (

    -- A period that still runs is shown as it stands today.
    select
        period_kind,
        period_label,
        least(period_end, {{ as_of_date() }}) as level_date
    from {{ ref('int_period') }}
    where period_start <= {{ as_of_date() }}

)

select
    'risikoomraader_niveau_3' as indicator_id,
    1 as indicator_version,
    '{{ var("own_authority") }}' as authority,
    periods.period_kind,
    periods.period_label,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    states.risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(case when states.level = 3 then 1 else 0 end as numeric) as numerator,
    cast(null as numeric) as denominator,
    cast(1 as bigint) as events
from periods
inner join {{ ref('fct_risk_level') }} as states on periods.level_date = states.level_date
where states.level is not null and states.assessed_date is not null
