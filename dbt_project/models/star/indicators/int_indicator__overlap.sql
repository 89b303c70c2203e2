with cases as (

    select
        'klager_henvist_fra_borgerraadgiver' as indicator_id,
        received_date,
        overlap_status
    from {{ ref('fct_complaint') }}
    where overlap_status is not null
    union all
    select
        'borgerraadgiver_henvisninger' as indicator_id,
        received_date,
        overlap_status
    from {{ ref('fct_external_case') }}
    -- The list of referrals alone has a side here; the Parliamentary Ombudsman's referrals are another matter.
    where source_id = 'borgerraadgiveren' and overlap_status is not null

),

first_quarters as (

    select min(quarter_start) as quarter_start
    from {{ ref('int_indicator__complaint_counts') }}

)

select
    cases.indicator_id,
    periods.period_kind,
    periods.period_label,
    periods.period_start,
    periods.period_end,
    breakdowns.breakdown_kind,
    breakdowns.breakdown_member,
    cast(count(*) as numeric) as numerator,
    cast(null as numeric) as denominator,
    cast(count(*) as numeric) as value,
    cast(count(*) as numeric) as n,
    cast(count(*) as numeric) as event_n
from cases
inner join {{ ref('int_period') }} as periods
    on cases.received_date between periods.period_start and periods.period_end and periods.period_kind <> 'kvartal'
inner join first_quarters on periods.period_start >= first_quarters.quarter_start
cross join
    lateral (
        values ('ingen', 'alle'), ('overlap', cases.overlap_status)
    ) as breakdowns (breakdown_kind, breakdown_member)
group by
    cases.indicator_id, periods.period_kind, periods.period_label, periods.period_start, periods.period_end,
    breakdowns.breakdown_kind, breakdowns.breakdown_member
