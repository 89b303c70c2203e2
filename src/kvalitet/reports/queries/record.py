"""Checks and sources over time, from schema `audit`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from kvalitet.contracts import Contract
from kvalitet.reports import model as m
from kvalitet.reports.queries.base import Connection, every
from kvalitet.settings import TIMEZONE

#: How many of a check's measurements its chart shows, and how many of a source's loads its page lists.
NEWEST_MEASUREMENTS = 60
NEWEST_LOADS = 30
T = TypeVar("T")


def check_records(connection: Connection, sources_of: Mapping[str, tuple[str, ...]]) -> list[m.CheckRecord]:
    """Every check that was ever judged, by id."""
    history = _by(every(connection, m.Measured, _HISTORY, newest=NEWEST_MEASUREMENTS), "check_id")
    years = _by(every(connection, m.CheckYear, _YEARS), "check_id")
    records = []
    for row in connection.execute(_NEWEST).fetchall():
        rule, is_asked = row.pop("rule"), row.pop("is_asked")
        check = m.Check(**row)
        records.append(
            m.CheckRecord(
                check,
                rule,
                is_asked,
                tuple(history[check.check_id]),
                tuple(years[check.check_id]),
                sources_of.get(check.table_name, ()),
            )
        )
    return records


def waivers_now(connection: Connection) -> dict[str, m.Waiver]:
    """The waivers that held at the newest judgement of all, by check."""
    return {waiver.check_id: waiver for waiver in every(connection, m.Waiver, _WAIVERS)}


def source_records(connection: Connection, contracts: Mapping[str, Contract]) -> list[m.SourceRecord]:
    """Every source that has a contract or has ever delivered, by id."""
    standing = {s.source_id: s for s in every(connection, m.Standing, _STANDING)}
    arrivals = _by(every(connection, m.Arrival, _ARRIVALS, newest=NEWEST_LOADS), "source_id")
    attempts = _by(every(connection, m.AttemptCount, _ATTEMPTS), "source_id")
    rejects = _by(every(connection, m.RejectAge, _REJECTS), "source_id")
    accepted = _by(every(connection, m.AcceptedRejects, _ACCEPTED, timezone=TIMEZONE.key), "source_id")
    readings = _by(every(connection, m.ReadOtherwise, _READINGS), "source_id")
    accounts = _by(every(connection, m.Accounted, _ACCOUNTS), "source_id")
    loads = {row["source_id"]: row["loads"] for row in connection.execute(_LOADS).fetchall()}
    return [
        m.SourceRecord(
            source_id,
            contracts.get(source_id),
            standing.get(source_id),
            loads.get(source_id, 0),
            tuple(arrivals[source_id]),
            tuple(attempts[source_id]),
            tuple(rejects[source_id]),
            tuple(accepted[source_id]),
            read_otherwise=tuple(readings[source_id]),
            account=tuple(accounts[source_id]),
        )
        for source_id in sorted({*contracts, *standing, *loads, *attempts})
    ]


def _by(rows: Iterable[T], field: str) -> defaultdict[Any, list[T]]:
    grouped: defaultdict[Any, list[T]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, field)].append(row)
    return grouped


_NEWEST = """
with last as (
    select check_id, max(judgement_id) as judgement_id
    from audit.check_verdict
    group by check_id
),

newest as (
    select check_result.*
    from last
    inner join audit.check_result
        on last.judgement_id = check_result.judgement_id and last.check_id = check_result.check_id
)

select
    newest.check_id, newest.suite, newest.table_name, newest.severity, newest.status, newest.violations,
    newest.denominator, newest.threshold, newest.description, newest.why, newest.owner, newest.advice_engineer,
    newest.advice_reader, newest.detail, coalesce(waiver.is_used, false) as is_waived, rule.rule,
    newest.judgement_id = (select max(judgement_id) from audit.judgement) as is_asked
from newest
left join audit.check_rule as rule on newest.rule_sha256 = rule.rule_sha256
left join audit.check_waiver as waiver
    on newest.judgement_id = waiver.judgement_id and newest.check_id = waiver.check_id
order by newest.check_id
"""

_HISTORY = """
with judged as (
    select judgement.judgement_id, judgement.build_id, build.as_of_date, publication.publication_id
    from audit.newest_judgement as judgement
    inner join audit.build on judgement.build_id = build.build_id
    left join audit.publication on judgement.build_id = publication.build_id
    order by judgement.build_id desc
    limit %(newest)s
)

select
    verdict.check_id, judged.build_id, judged.publication_id, judged.as_of_date, measurement.measured_at,
    verdict.status, measurement.violations, measurement.denominator, verdict.threshold,
    coalesce(waiver.is_used, false) as is_waived
from judged
inner join audit.check_verdict as verdict on judged.judgement_id = verdict.judgement_id
inner join audit.check_measurement as measurement
    on verdict.judgement_id = measurement.judgement_id and verdict.check_id = measurement.check_id
left join audit.check_waiver as waiver
    on verdict.judgement_id = waiver.judgement_id and verdict.check_id = waiver.check_id
order by verdict.check_id, judged.build_id
"""

_YEARS = """
select
    verdict.check_id,
    extract(year from build.as_of_date)::int as year,
    count(*) as measured,
    count(*) filter (where verdict.status = 'passed') as passed,
    count(*) filter (where verdict.status = 'failed') as failed,
    count(*) filter (where verdict.status = 'error') as error,
    count(*) filter (where verdict.status = 'not_applicable') as not_applicable,
    count(*) filter (where verdict.status = 'held') as held,
    max(measurement.violations) as most_violations
from audit.newest_judgement as judgement
inner join audit.build on judgement.build_id = build.build_id
inner join audit.check_verdict as verdict on judgement.judgement_id = verdict.judgement_id
inner join audit.check_measurement as measurement
    on verdict.judgement_id = measurement.judgement_id and verdict.check_id = measurement.check_id
group by verdict.check_id, year
order by verdict.check_id, year desc
"""

_WAIVERS = """
select check_id, reason, decided_by, decided_on, expires_on, is_used, covers
from audit.check_waiver
where judgement_id = (select max(judgement_id) from audit.judgement)
order by check_id
"""

_STANDING = """
with newest as (select max(build_id) as build_id from audit.build where kind = 'night')

select
    build_load.source_id, build.build_id, build.as_of_date, load.cutoff_date, build_load.is_stale,
    build_load.stale_reason
from newest
inner join audit.build on newest.build_id = build.build_id
inner join audit.build_load on build.build_id = build_load.build_id
inner join audit.load on build_load.load_id = load.load_id
order by build_load.source_id
"""

_ARRIVALS = """
with numbered as (
    select *, row_number() over (partition by source_id order by load_id desc) as place
    from audit.load
),

files as (
    select distinct load_id, file_name, file_bytes
    from audit.load_table
),

sizes as (
    select load_id, sum(file_bytes) as file_bytes
    from files
    group by load_id
),

counted as (
    select
        load_id, sum(rows_delivered) as rows_delivered, sum(rows_rejected) as rows_rejected,
        sum(rows_opened) as rows_opened, sum(rows_changed) as rows_changed, sum(rows_closed) as rows_closed,
        sum(rows_reread) as rows_reread, sum(closures_waiting) as closures_waiting,
        sum(rows_without_key) filter (where closures_waiting > 0) as rows_without_key
    from audit.load_table
    group by load_id
)

select
    numbered.source_id, numbered.load_id, numbered.delivery, numbered.cutoff_date, numbered.outcome, numbered.reason,
    numbered.contract_version, numbered.finished_at, coalesce(sizes.file_bytes, 0) as file_bytes,
    coalesce(counted.rows_delivered, 0) as rows_delivered, coalesce(counted.rows_rejected, 0) as rows_rejected,
    coalesce(counted.rows_opened, 0) as rows_opened, coalesce(counted.rows_changed, 0) as rows_changed,
    coalesce(counted.rows_closed, 0) as rows_closed,
    coalesce(counted.rows_reread, 0) as rows_reread, coalesce(counted.closures_waiting, 0) as closures_waiting,
    coalesce(counted.rows_without_key, 0) as rows_without_key,
    numbered.origin, numbered.of_load, withdrawal.withdrawn_by, withdrawal.withdrawn_at,
    withdrawal.reason as withdrawn_reason
from numbered
left join sizes on numbered.load_id = sizes.load_id
left join counted on numbered.load_id = counted.load_id
left join audit.load_withdrawal as withdrawal on numbered.load_id = withdrawal.load_id
where numbered.place <= %(newest)s
order by numbered.source_id, numbered.load_id desc
"""

_LOADS = """
select source_id, count(*) as loads
from audit.load
group by source_id
"""

# The newest twelve months in which something was tried.
_ATTEMPTS = """
with counted as (
    select
        source_id, date_trunc('month', finished_at)::date as month, outcome, count(*) as attempts,
        max(finished_at) as last_at, (array_agg(message order by run_id desc))[1] as last_message
    from audit.extract_run
    group by source_id, month, outcome
),

numbered as (
    select *, dense_rank() over (partition by source_id order by month desc) as place
    from counted
)

select source_id, month, outcome, attempts, last_at, last_message
from numbered
where place <= 12
order by source_id, month desc, last_at desc, outcome
"""

_REJECTS = """
select
    standing.source_id, standing.table_name, standing.column_name, standing.rule,
    count(*) filter (where standing.resolved_by_load is null and standing.acceptance_id is null) as open,
    count(*) filter (where standing.resolved_by_load is null and standing.acceptance_id is not null) as accepted,
    count(*) filter (where standing.resolved_by_load is not null) as resolved,
    min(load.finished_at) filter (
        where standing.resolved_by_load is null and standing.acceptance_id is null
    ) as open_since
from audit.reject_standing as standing
inner join audit.load on standing.load_id = load.load_id
group by standing.source_id, standing.table_name, standing.column_name, standing.rule
order by standing.source_id, standing.table_name, standing.column_name nulls first, standing.rule
"""

_NEWEST_LOADS = """
with newest as (
    select source_id, max(load_id) as load_id
    from audit.load_in_use
    where load_id > 0
    group by source_id
)
"""

_READINGS = f"""
{_NEWEST_LOADS}
select
    load.source_id, load.delivery, load_reading.table_name, load_reading.column_name, load_reading.rule,
    load_reading.cells
from audit.load_reading
inner join audit.load on load_reading.load_id = load.load_id
inner join newest on load_reading.load_id = newest.load_id
order by load.source_id, load_reading.cells desc, load_reading.table_name, load_reading.column_name, load_reading.rule
"""

_ACCOUNTS = f"""
{_NEWEST_LOADS}
select
    load.source_id, load.delivery, load_account.table_name, load_account.fate, load_account.kind, load_account.records
from audit.load_account
inner join audit.load on load_account.load_id = load.load_id
inner join newest on load_account.load_id = newest.load_id
order by
    load.source_id, load_account.table_name,
    array_position(array['scanned', 'accepted', 'set_aside', 'dropped', 'seen'], load_account.fate),
    load_account.records desc, load_account.kind
"""

_ACCEPTED = """
select
    source_id, table_name, count(*) as rows, accepted_reason as reason, accepted_by,
    (accepted_at at time zone %(timezone)s)::date as accepted_on
from audit.reject_life
where state = 'accepted'
group by source_id, table_name, accepted_reason, accepted_by, accepted_on
order by source_id, accepted_on desc, table_name, accepted_reason, accepted_by
"""
