"""Indicators and the figures shown beside them, from schema `reporting`."""

from kvalitet.reports import model as m
from kvalitet.reports.queries import audit, comparison
from kvalitet.reports.queries.base import Connection, every


def indicators(connection: Connection, of: m.Build, published: m.Publication) -> m.Indicators:
    """Everything that `reporting` shows of the publication it holds."""
    own = connection.execute(_OWN_AUTHORITY).fetchone()
    members = connection.execute(_MEMBERS).fetchall()
    restatement = audit.restatement(connection, published.publication_id)
    return m.Indicators(
        publication=published,
        build=of,
        own_authority=own["authority"] if own else None,
        indicators=every(connection, m.Indicator, _INDICATORS),
        sources=every(connection, m.Source, _SOURCES),
        members={(row["breakdown_kind"], row["member"]): row["name"] for row in members},
        freshness=every(connection, m.Freshness, _FRESHNESS),
        movements=every(connection, m.Movement, _MOVEMENTS),
        values=every(connection, m.Value, _VALUES),
        statements=every(connection, m.Statement, _STATEMENTS),
        overlaps=every(connection, m.Overlap, _OVERLAPS),
        checks=audit.checks(connection, of.build_id),
        breaks=every(connection, m.Break, comparison.BREAKS),
        trends=every(connection, m.TrendPoint, comparison.TRENDS),
        risks=every(connection, m.RiskLevel, comparison.RISKS),
        plan=every(connection, m.PlanLine, comparison.PLAN),
        triangulation=every(connection, m.Triangulation, comparison.TRIANGULATION),
        follow_up=every(connection, m.FollowUp, comparison.FOLLOW_UP),
        appendix=every(connection, m.AppendixRow, comparison.APPENDIX),
        reconciliation=every(connection, m.Reconciliation, comparison.RECONCILIATION),
        restatement=restatement,
        restated=audit.restated(connection, restatement) if restatement else (),
    )


_INDICATORS = """
select
    indicator_id, version, name_da, definition_da, numerator_da, denominator_da, unit, direction, dated_by,
    open_cases_da, population_da, legal_basis, owner, valid_from_year, valid_to_year, decimals, rests_on,
    is_additive_over_organisations
from reporting.dim_indicator
order by indicator_id, version
"""

_OWN_AUTHORITY = """
select authority from reporting.rpt_counts_by_calendar_year
union
select authority from reporting.rpt_counts_by_report_year
limit 1
"""

_SOURCES = """
select source_id, source_number, name_da, is_external
from reporting.dim_source
order by source_number, source_id
"""

# The newest year that has ended, where rows that it may rest on are set aside.
_MOVEMENTS = """
select distinct on (indicator_id, indicator_version)
    indicator_id, indicator_version, period_label, rows_missing, rows_held, lowest_value, highest_value
from reporting.rpt_indicator_reject_bounds
cross join reporting.publication
where
    rows_missing + rows_held > 0
    and period_kind <> 'kvartal'
    and period_start + interval '1 year' <= publication.as_of_date
order by indicator_id, indicator_version, is_bounded desc, period_start desc, period_kind desc, authority
"""

# The newest name of everything that a figure may be broken down by.
_MEMBERS = """
(select distinct on (unit_id) 'enhed' as breakdown_kind, unit_id as member, name
from reporting.dim_organisation
order by unit_id, valid_from_date desc)
union all
(select distinct on (law_id) 'lov', law_id, law_name from reporting.dim_law order by law_id, version desc)
union all
select 'tema', theme_id, name_da from reporting.dim_theme
union all
select 'klagetype', complaint_type_id, name_da from reporting.dim_complaint_type
union all
select 'udfald', outcome_id, name_da from reporting.dim_outcome
union all
select 'risikoomraade', risk_area_id, name_da from reporting.dim_risk_area
union all
select 'leverandoer', supplier_id, name_da from reporting.dim_supplier
union all
select 'kategori', category_id, name_da from reporting.dim_category
"""

_FRESHNESS = """
select contract_id, source_id, delivery_name_da, load_id, cutoff_date, is_stale, stale_reason
from reporting.rpt_source_freshness
order by contract_id
"""

_VALUES = """
select
    indicator_id, indicator_version, source_id, organisation_id, authority, period_kind, period_label, period_start,
    period_end, breakdown_kind, breakdown_member, population_da, numerator, denominator, value, n, is_suppressed,
    is_fictional, status
from reporting.fct_indicator_value
order by indicator_value_key
"""

# Figures that publications state differently, and figures that do not agree with their own publication.
_STATEMENTS = """
select
    said.authority,
    said.is_fictional,
    coalesce(said.law_name, dim_source.name_da, said.source_id) as category,
    coalesce(said.law_id, said.source_id) as category_id,
    said.period_kind,
    said.period_label,
    coalesce(dim_outcome.name_da, said.outcome) as measure,
    said.unit,
    said.publisher,
    said.title,
    said.published_date,
    said.source_url,
    said.value,
    said.is_chosen,
    said.is_disagreed_on and said.value is not null as is_disputed,
    said.flags,
    not said.is_consistent as is_inconsistent
from reporting.rpt_published_figure_disagreement as said
left join reporting.dim_source on said.source_id = dim_source.source_id
left join reporting.dim_outcome on said.outcome = dim_outcome.outcome_id
order by said.published_figure_key
"""

_OVERLAPS = """
select
    authority, period_kind, period_label, period_start, period_end, own_complaints, own_referred, own_referred_matched,
    own_referred_unmatched, referrals, referrals_matched, referrals_unmatched, counted_once, is_fictional
from reporting.rpt_complaint_overlap
order by authority, period_kind, period_start
"""
