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

)

select
    cases.indicator_id,
    periods.authority,
    periods.period_kind,
    periods.period_label,
    breakdowns.breakdown_kind,
    breakdowns.breakdown_member,
    cast(count(*) as numeric) as numerator,
    cast(null as numeric) as denominator,
    cast(count(*) as numeric) as events
from cases
-- The years for which the own complaints are counted.
inner join {{ ref('int_indicator__measured_periods') }} as periods
    on
        periods.indicator_id = 'klager_modtaget'
        and periods.period_kind <> 'kvartal'
        and cases.received_date between periods.period_start and periods.period_end
cross join
    lateral (
        values ('ingen', 'alle'), ('overlap', cases.overlap_status)
    ) as breakdowns (breakdown_kind, breakdown_member)
group by
    cases.indicator_id, periods.authority, periods.period_kind, periods.period_label,
    breakdowns.breakdown_kind, breakdowns.breakdown_member
