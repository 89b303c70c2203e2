with cells as (

    select * from {{ ref('int_indicator__complaint_cells') }}

),

measured as (

    select
        cells.period_kind,
        cells.period_label,
        cells.period_start,
        cells.period_end,
        cells.breakdown_kind,
        cells.breakdown_member,
        measures.indicator_id,
        measures.numerator,
        measures.denominator,
        cells.complaints as event_n,
        coalesce(measures.denominator, measures.numerator) as n
    from cells
    cross join
        lateral (
            values
            ('received', 'klager_modtaget', cells.complaints, null),
            ('received', 'klager_formalitet', cells.formality_complaints, null),
            ('received', 'klager_realitet', cells.reality_complaints, null),
            ('received', 'klagepunkter_pr_klage', cells.complaint_points, cells.complaints),
            (
                'received', 'klager_besvaret_inden_frist_pct',
                cells.complaints_in_time, cells.complaints_with_known_deadline
            ),
            ('received', 'klager_gengangere_pct', cells.repeat_complaints, cells.complaints_by_known_person),
            ('decided', 'klager_medhold_pct', cells.upheld_complaints, cells.merits_complaints)
        ) as measures (event, indicator_id, numerator, denominator)
    -- Complaints about case handling have no law.
    where
        measures.event = cells.event
        and not (measures.indicator_id = 'klager_formalitet' and cells.breakdown_kind = 'lov')

)

select
    indicator_id,
    period_kind,
    period_label,
    period_start,
    period_end,
    breakdown_kind,
    breakdown_member,
    numerator,
    denominator,
    case
        when indicator_id like '%\_pct' then round(100 * numerator / nullif(denominator, 0), 4)
        when denominator is not null then round(numerator / nullif(denominator, 0), 4)
        else numerator
    end as value,
    n,
    event_n
from measured
