"""What the pages show, read as the auditor: `audit` for every build, `reporting` for the published one."""

from dataclasses import replace
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import DictRow, class_row

from kvalitet.reports import model as m

T = TypeVar("T")
Connection = psycopg.Connection[DictRow]

_BUILD = "select build_id, kind, as_of_date, code_version, status, message, claimed_at, finished_at from audit.build"
_PUBLICATION = "select publication_id, build_id, published_at, published_by from audit.publication"


def build(connection: Connection, build_id: int) -> m.Build | None:
    return _one(connection, m.Build, f"{_BUILD} where build_id = %(build_id)s", build_id=build_id)


def publication(connection: Connection, publication_id: int) -> m.Publication | None:
    where = "where publication_id = %(publication_id)s"
    return _one(connection, m.Publication, f"{_PUBLICATION} {where}", publication_id=publication_id)


def publication_of(connection: Connection, build_id: int) -> m.Publication | None:
    return _one(connection, m.Publication, f"{_PUBLICATION} where build_id = %(build_id)s", build_id=build_id)


def published_now(connection: Connection) -> int | None:
    """The publication that `reporting` holds; none before the first."""
    found = connection.execute("select to_regclass('reporting.publication') is not null as is_there").fetchone()
    if not found or not found["is_there"]:
        return None
    row = connection.execute("select publication_id from reporting.publication").fetchone()
    return row["publication_id"] if row else None


def validation(connection: Connection, of: m.Build, source_names: dict[str, str]) -> m.Validation:
    """Everything recorded of one build. What was recorded after it began does not change the answer."""
    b = of.build_id
    return m.Validation(
        build=of,
        publication=publication_of(connection, b),
        checks=checks(connection, b),
        loads=_all(connection, m.Load, _LOADS, b),
        tables=_all(connection, m.LoadTable, _LOAD_TABLES, b),
        attempts=_all(connection, m.Attempt, _ATTEMPTS, b),
        rejects=_all(connection, m.RejectCount, _REJECTS, b),
        models=_all(connection, m.ModelRun, _MODELS, b),
        digests=_all(connection, m.TableDigest, _DIGESTS, b),
        source_names=source_names,
    )


def checks(connection: Connection, build_id: int) -> tuple[m.Check, ...]:
    return _all(connection, m.Check, _CHECKS, build_id)


def indicators(connection: Connection, of: m.Build, published: m.Publication) -> m.Indicators:
    """Everything that `reporting` shows of the publication it holds."""
    b = of.build_id
    members = connection.execute(_MEMBERS).fetchall()
    return m.Indicators(
        publication=published,
        build=of,
        indicators=_all(connection, m.Indicator, _INDICATORS, b),
        sources=_all(connection, m.Source, _SOURCES, b),
        members={(row["breakdown_kind"], row["member"]): row["name"] for row in members},
        freshness=_all(connection, m.Freshness, _FRESHNESS, b),
        values=_all(connection, m.Value, _VALUES, b),
        statements=_all(connection, m.Statement, _STATEMENTS, b),
        overlaps=_all(connection, m.Overlap, _OVERLAPS, b),
        checks=checks(connection, b),
    )


def entries(connection: Connection) -> list[m.Entry]:
    """Publications, and builds that ended without one, newest first."""
    rows = connection.execute(_ENTRIES).fetchall()
    found = []
    for row in rows:
        counted = {
            name: row.pop(name) for name in ("checks_relevant", "checks_passed", "checks_blocking", "checks_warning")
        }
        is_current = row.pop("is_current")
        published = {name: row.pop(name) for name in ("publication_id", "published_at", "published_by")}
        publication = m.Publication(build_id=row["build_id"], **published) if published["publication_id"] else None
        found.append(m.Entry(m.Build(**row), publication, is_current=is_current, **counted))
    return found


def _all(connection: Connection, kind: type[T], query: LiteralString, build_id: int) -> tuple[T, ...]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return tuple(cursor.execute(query, {"build_id": build_id}).fetchall())


def _one(connection: Connection, kind: type[T], query: LiteralString, **parameters: Any) -> T | None:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchone()


def with_pages(entry: m.Entry, has_indicators: bool, has_validation: bool) -> m.Entry:
    return replace(entry, has_indicators=has_indicators, has_validation=has_validation)


_CHECKS = """
select
    check_id, suite, table_name, severity, status, violations, denominator, threshold, description, why, owner,
    advice_engineer, advice_reader, detail
from audit.check_result
where build_id = %(build_id)s
order by check_id
"""

_LOADS = """
select
    build_load.source_id, load.load_id, load.delivery, load.cutoff_date, load.content_sha256, load.contract_version,
    load.started_at, load.finished_at, load.closures_allowed_by, load.closures_allowed_reason,
    build_load.is_stale, build_load.stale_reason
from audit.build_load
inner join audit.load on build_load.load_id = load.load_id
where build_load.build_id = %(build_id)s
order by build_load.source_id
"""

_LOAD_TABLES = """
select load_table.*
from audit.load_table
inner join audit.build_load on load_table.load_id = build_load.load_id
where build_load.build_id = %(build_id)s
order by load_table.load_id, load_table.table_name
"""

# The last of each kind of answer per source, between the published build before this one and this one.
_ATTEMPTS = """
with this as (select build_id, claimed_at from audit.build where build_id = %(build_id)s),

before as (
    select max(build.claimed_at) as claimed_at
    from audit.build
    inner join audit.publication on build.build_id = publication.build_id
    inner join this on build.build_id < this.build_id
)

select extract_run.source_id, extract_run.outcome, extract_run.message, max(extract_run.finished_at) as finished_at
from audit.extract_run
cross join this
cross join before
where
    extract_run.finished_at <= this.claimed_at
    and extract_run.finished_at > coalesce(before.claimed_at, '-infinity')
group by extract_run.source_id, extract_run.outcome, extract_run.message
order by extract_run.source_id, finished_at, extract_run.outcome, extract_run.message
"""

# A reject resolved after this build still stands open on its page: the page shows what the build saw.
_REJECTS = """
with counted as (
    select
        reject.source_id, reject.table_name, reject.column_name, reject.rule,
        count(*) filter (where reject.load_id = build_load.load_id) as new,
        count(*) filter (
            where reject.resolved_by_load is null or reject.resolved_by_load > build_load.load_id
        ) as open
    from audit.build_load
    inner join audit.reject on build_load.source_id = reject.source_id and build_load.load_id >= reject.load_id
    inner join audit.load on reject.load_id = load.load_id and load.outcome = 'accepted'
    where build_load.build_id = %(build_id)s
    group by reject.source_id, reject.table_name, reject.column_name, reject.rule
)

select source_id, table_name, column_name, rule, new, open
from counted
where new > 0 or open > 0
order by source_id, table_name, column_name nulls first, rule
"""

_MODELS = """
select layer, model, status, row_count, seconds, message
from audit.model_run
where build_id = %(build_id)s
order by array_position(array['staging', 'intermediate', 'star', 'reports'], layer), layer, model
"""

_DIGESTS = """
select schema_kind, table_name, row_count, sha256
from audit.table_digest
where build_id = %(build_id)s
order by schema_kind, table_name
"""

_INDICATORS = """
select
    indicator_id, version, name_da, definition_da, numerator_da, denominator_da, unit, direction, dated_by,
    open_cases_da, population_da, legal_basis, owner, valid_from_year, valid_to_year, decimals
from reporting.dim_indicator
order by indicator_id, version
"""

_SOURCES = """
select source_id, source_number, name_da, is_external
from reporting.dim_source
order by source_number, source_id
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

_ENTRIES = """
with counted as (
    select
        build_id,
        count(*) filter (where status <> 'not_applicable') as checks_relevant,
        count(*) filter (where status = 'passed') as checks_passed,
        count(*) filter (where severity = 'critical' and status in ('failed', 'error')) as checks_blocking,
        count(*) filter (where severity = 'warning' and status in ('failed', 'error')) as checks_warning
    from audit.check_result
    group by build_id
)

select
    build.build_id, build.kind, build.as_of_date, build.code_version, build.status, build.message, build.claimed_at,
    build.finished_at, publication.publication_id, publication.published_at, publication.published_by,
    publication.publication_id is not distinct from (
        select event.publication_id from audit.publication_event as event order by event.event_id desc limit 1
    ) and publication.publication_id is not null as is_current,
    coalesce(counted.checks_relevant, 0) as checks_relevant,
    coalesce(counted.checks_passed, 0) as checks_passed,
    coalesce(counted.checks_blocking, 0) as checks_blocking,
    coalesce(counted.checks_warning, 0) as checks_warning
from audit.build
left join audit.publication on build.build_id = publication.build_id
left join counted on build.build_id = counted.build_id
where
    publication.publication_id is not null
    or (build.kind = 'night' and build.status in ('held_back', 'failed', 'lapsed'))
order by build.build_id desc
"""
