with annual_figures as (

    select * from {{ ref('stg_borgerraadgiver_annual__annual_figures') }}

),

totals as (

    select * from {{ ref('stg_audit_remarks__totals') }}

),

statements as (

    select
        'borgerraadgiveren' as source_id,
        annual_figures.source_url,
        annual_figures.authority,
        'beretningsaar' as period_kind,
        cast(annual_figures.report_year as text) || '/' || substr(cast(annual_figures.report_year + 1 as text), 3)
            as period_label,
        figures.outcome_id,
        figures.unit,
        figures.value,
        annual_figures.inquiries is not null as has_counts
    from annual_figures
    cross join
        lateral (
            values
            ('henvendelser', 'antal', cast(annual_figures.inquiries as numeric)),
            ('aendring_fra_aaret_foer', 'pct', annual_figures.change_pct),
            ('medhold', 'pct', annual_figures.upheld_pct)
        ) as figures (outcome_id, unit, value)
    union all
    select
        'revision' as source_id,
        totals.source_url,
        totals.authority,
        'kalenderaar' as period_kind,
        cast(totals.audit_year as text) as period_label,
        figures.outcome_id,
        'antal' as unit,
        cast(figures.value as numeric) as value,
        true as has_counts
    from totals
    cross join lateral (
        values
        ('bemaerkninger', totals.remarks),
        ('kritisk', totals.critical),
        ('væsentlig', totals.substantial),
        ('mindre', totals.minor),
        ('viderefoert', totals.carried_over),
        ('ny', totals.new_remarks)
    ) as figures (outcome_id, value)

)

select
    source_id,
    source_url as publication_source_id,
    authority,
    cast(null as text) as law_name,
    cast(null as text) as parent_law_name,
    period_kind,
    period_label,
    outcome_id,
    unit,
    value,
    cast(null as text) as missing_reason,
    has_counts,
    false as is_whole_year_row
from statements
where value is not null
