with measured as (

    select
        indicator_id,
        authority,
        quarter_start
    from {{ ref('int_indicator__quarters') }}
    where breakdown_kind = 'ingen'
    union all
    select
        indicator_id,
        authority,
        quarter_start
    from {{ ref('int_indicator__days') }}
    where breakdown_kind = 'ingen'

),

indicators as (

    select distinct
        indicator_id,
        rests_on
    from {{ ref('int_indicator__periods') }}

),

began as (

    select
        measured.indicator_id,
        measured.authority,
        indicators.rests_on,
        min(measured.quarter_start) as first_quarter
    from measured
    inner join indicators on measured.indicator_id = indicators.indicator_id
    group by measured.indicator_id, measured.authority, indicators.rests_on

),

deliveries as (

    -- What the same deliveries have brought on anything.
    select
        indicators.rests_on,
        measured.authority,
        min(measured.quarter_start) as first_quarter,
        max(measured.quarter_start) as last_quarter
    from measured
    inner join indicators on measured.indicator_id = indicators.indicator_id
    group by indicators.rests_on, measured.authority

)

select
    periods.*,
    began.authority
from {{ ref('int_indicator__periods') }} as periods
inner join began on periods.indicator_id = began.indicator_id and periods.rests_on = began.rests_on
inner join deliveries on began.rests_on = deliveries.rests_on and began.authority = deliveries.authority
where
    periods.period_end >= began.first_quarter
    and periods.period_start <= deliveries.last_quarter
    -- What is counted all the time has no whole year before its deliveries began; what comes once a year has.
    and (periods.is_only_period_kind or periods.period_start >= deliveries.first_quarter)
    and (periods.period_kind <> 'kvartal' or periods.period_end <= {{ as_of_date() }})
