with figures as (

    select * from {{ ref('fct_published_figure') }}
    where source_id = 'borgerraadgiveren' and is_chosen and category = 'alle'

),

years as (

    select
        authority,
        period_kind,
        period_label,
        period_start,
        max(case when outcome = 'henvendelser' then value end) as inquiries,
        max(case when outcome = 'aendring_fra_aaret_foer' then value end) as published_change_pct,
        max(case when outcome = 'medhold' then value end) as upheld_pct
    from figures
    group by authority, period_kind, period_label, period_start

),

compared as (

    select
        years.*,
        before.inquiries as previous_inquiries
    from years
    left join years as before
        on years.authority = before.authority and years.period_start = before.period_start + interval '1 year'

),

measured as (

    select
        compared.authority,
        compared.period_kind,
        compared.period_label,
        measures.*
    from compared
    cross join lateral (
        values
        ('borgerraadgiver_henvendelser', inquiries, null, inquiries, inquiries, true),
        (
            'borgerraadgiver_aendring_pct', inquiries - previous_inquiries, previous_inquiries,
            -- A published percentage is never turned back into a count; it stands where there are no counts.
            coalesce(
                round(100 * (inquiries - previous_inquiries) / nullif(previous_inquiries, 0), 4),
                published_change_pct
            ),
            inquiries, previous_inquiries is null
        ),
        ('borgerraadgiver_medhold_pct', null, null, upheld_pct, null, true)
    ) as measures (indicator_id, numerator, denominator, value, n, is_published_elsewhere)

)

select
    indicator_id,
    'borgerraadgiveren' as source_id,
    'alle' as organisation_id,
    authority,
    period_kind,
    period_label,
    'ingen' as breakdown_kind,
    'alle' as breakdown_member,
    numerator,
    denominator,
    value,
    n,
    false as is_suppressed,
    true as is_complete,
    is_published_elsewhere
from measured
where value is not null
