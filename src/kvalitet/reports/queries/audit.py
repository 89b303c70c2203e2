"""Builds, publications, checks and restatements, from schema `audit`."""

from kvalitet.reports import model as m
from kvalitet.reports.queries.base import Connection, every, one
from kvalitet.reports.queries.ledger import certificates, changes

_BUILD = "select build_id, kind, as_of_date, code_version, status, message, claimed_at, finished_at from audit.build"
_PUBLICATION = "select publication_id, build_id, published_at, published_by from audit.publication"


def build(connection: Connection, build_id: int) -> m.Build | None:
    return one(connection, m.Build, f"{_BUILD} where build_id = %(build_id)s", build_id=build_id)


def publication(connection: Connection, publication_id: int) -> m.Publication | None:
    where = "where publication_id = %(publication_id)s"
    return one(connection, m.Publication, f"{_PUBLICATION} {where}", publication_id=publication_id)


def publication_of(connection: Connection, build_id: int) -> m.Publication | None:
    return one(connection, m.Publication, f"{_PUBLICATION} where build_id = %(build_id)s", build_id=build_id)


def published_now(connection: Connection) -> int | None:
    """The publication that `reporting` holds. None before the first."""
    found = connection.execute("select to_regclass('reporting.publication') is not null as is_there").fetchone()
    if not found or not found["is_there"]:
        return None
    row = connection.execute("select publication_id from reporting.publication").fetchone()
    return row["publication_id"] if row else None


def validation(connection: Connection, of: m.Build) -> m.Validation:
    """Everything recorded of one build. Later records do not change the result."""
    b = of.build_id
    published = publication_of(connection, b)
    return m.Validation(
        build=of,
        publication=published,
        checks=checks(connection, b),
        waivers=every(connection, m.Waiver, _WAIVERS, build_id=b),
        certificates=certificates(connection, published.publication_id) if published else (),
        changes=changes(connection, of, published),
        loads=every(connection, m.Load, _LOADS, build_id=b),
        tables=every(connection, m.LoadTable, _LOAD_TABLES, build_id=b),
        attempts=every(connection, m.Attempt, _ATTEMPTS, build_id=b),
        rejects=every(connection, m.RejectCount, _REJECTS, build_id=b),
        models=every(connection, m.ModelRun, _MODELS, build_id=b),
        digests=every(connection, m.TableDigest, _DIGESTS, build_id=b),
    )


def checks(connection: Connection, build_id: int) -> tuple[m.Check, ...]:
    return every(connection, m.Check, _CHECKS, build_id=build_id)


def entries(connection: Connection) -> list[m.Entry]:
    """Publications, and builds that ended without one, newest first."""
    rows = connection.execute(_ENTRIES).fetchall()
    found = []
    for row in rows:
        counted = {
            name: row.pop(name)
            for name in ("checks_relevant", "checks_passed", "checks_held", "checks_blocking", "checks_warning")
        }
        is_current = row.pop("is_current")
        published = {name: row.pop(name) for name in ("publication_id", "published_at", "published_by")}
        publication = m.Publication(build_id=row["build_id"], **published) if published["publication_id"] else None
        found.append(m.Entry(m.Build(**row), publication, is_current=is_current, **counted))
    return found


def restatement(connection: Connection, publication_id: int) -> m.Restatement | None:
    """The newest split of what changed up to this publication."""
    return one(connection, m.Restatement, _RESTATEMENT, publication_id=publication_id)


def restated(connection: Connection, of: m.Restatement) -> tuple[m.RestatedFigure, ...]:
    """The changed figures of wholes."""
    pair = {"from_publication": of.from_publication, "to_publication": of.to_publication}
    return every(connection, m.RestatedFigure, _RESTATED, **pair)


_CHECKS = """
select
    result.check_id, result.suite, result.table_name, result.severity, result.status, result.violations,
    result.denominator, result.threshold, result.description, result.why, result.owner, result.advice_engineer,
    result.advice_reader, result.detail, coalesce(waiver.is_used, false) as is_waived
from audit.newest_check_result as result
left join audit.check_waiver as waiver
    on result.judgement_id = waiver.judgement_id and result.check_id = waiver.check_id
where result.build_id = %(build_id)s
order by result.check_id
"""

_WAIVERS = """
select check_id, reason, decided_by, decided_on, expires_on, is_used, covers
from audit.check_waiver
inner join audit.newest_judgement using (judgement_id)
where build_id = %(build_id)s
order by check_id
"""

_LOADS = """
select
    build_load.source_id, load.load_id, load.delivery, load.cutoff_date, load.content_sha256, load.contract_version,
    load.started_at, load.finished_at, load.closures_allowed_by, load.closures_allowed_reason,
    load.changes_allowed_by, load.changes_allowed_reason,
    load.jump_allowed_by, load.jump_allowed_reason,
    build_load.is_stale, build_load.stale_reason
from audit.build_load
inner join audit.load on build_load.load_id = load.load_id
where build_load.build_id = %(build_id)s
order by build_load.source_id
"""

_LOAD_TABLES = """
select
    load_table.load_id, table_name, file_name, file_bytes, file_sha256,
    rows_delivered, rows_rejected, rows_opened, rows_changed, rows_closed, rows_unchanged, rows_held
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

# A reject resolved after this build is still open on its page, because the page shows what the build saw.
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
inner join audit.newest_judgement using (judgement_id)
where build_id = %(build_id)s
order by schema_kind, table_name
"""

_ENTRIES = """
with counted as (
    select
        build_id,
        count(*) filter (where status not in ('not_applicable', 'held')) as checks_relevant,
        count(*) filter (where status = 'passed') as checks_passed,
        count(*) filter (where status = 'held') as checks_held,
        count(*) filter (where severity = 'critical' and status in ('failed', 'error')) as checks_blocking,
        count(*) filter (where severity = 'warning' and status in ('failed', 'error')) as checks_warning
    from (
        select
            judgement.build_id, verdict.severity,
            case when waiver.is_used then 'waived' else verdict.status end as status
        from audit.newest_judgement as judgement
        inner join audit.check_verdict as verdict on judgement.judgement_id = verdict.judgement_id
        left join audit.check_waiver as waiver
            on verdict.judgement_id = waiver.judgement_id and verdict.check_id = waiver.check_id
    ) as judged
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
    coalesce(counted.checks_held, 0) as checks_held,
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

_RESTATEMENT = """
select
    restatement.from_publication, restatement.to_publication, restatement.as_of_from, restatement.as_of_to,
    restatement.rows_reclassified, restatement.rows_corrected, restatement.rows_withdrawn, restatement.rows_completed,
    restatement.rows_new, count(figure.measure) as figures
from audit.restatement
left join audit.restatement_figure as figure
    on restatement.from_publication = figure.from_publication
    and restatement.to_publication = figure.to_publication
    and figure.measure = 'value'
where restatement.to_publication = %(publication_id)s
group by restatement.from_publication, restatement.to_publication
order by restatement.from_publication desc
"""

_RESTATED = """
select
    indicator_id, source_id, authority, period_kind, period_label, period_start, status, cause, value_from,
    definition_change, reclassification_change, correction_change, late_data_change, value_to
from audit.restatement_figure
where
    from_publication = %(from_publication)s
    and to_publication = %(to_publication)s
    and measure = 'value'
    and breakdown_kind = 'ingen'
    and organisation_id = 'alle'
order by indicator_id, source_id, authority, period_kind, period_start
"""
