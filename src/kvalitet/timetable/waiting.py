"""What a night waits for: the sources due in it, the outcome of each, and which are late."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kvalitet.settings import LOADER, TIMEZONE, TRANSFORMER, Settings
from kvalitet.timetable.calendar import NOTHING_OF_TODAY, due_sources, is_promised, latest_arrival, night_window
from kvalitet.warehouse.connection import connect, fetch_all

if TYPE_CHECKING:
    from kvalitet.contracts import Contract

#: How long a failed extract may still be tried again (dags/extract.py: 3 retries, back-off).
RETRIES_ARE_OVER = timedelta(minutes=20)

#: One row per source with its outcome since it was due, deliveries before attempts without one. A run of the timetable
#: counts by its planned time, a run by hand by the time it ended, and a run from the future not at all.
OUTCOMES = """
select due.source_id, run.run_id, run.outcome, run.message, run.finished_at,
    (select max(load_id) from audit.load_in_use where load_in_use.source_id = due.source_id) as newest_load
from unnest(%(sources)s::text[], %(due_at)s::timestamptz[], %(after_run)s::bigint[])
    as due (source_id, due_at, after_run)
left join lateral (
    select run_id, outcome, message, finished_at from audit.extract_run
    where extract_run.source_id = due.source_id and case
        when due.after_run is not null then extract_run.run_id > due.after_run
        else extract_run.due_at >= due.due_at
            or extract_run.finished_at between due.due_at and clock_timestamp()
    end
    order by outcome in ('accepted', 'refused') desc, run_id desc limit 1
) as run on true
order by due.source_id
"""

NEWEST_CUTOFF = "select source_id, max(cutoff_date) as cutoff_date from audit.load_in_use group by 1"


@dataclass(frozen=True)
class Awaited:
    """What a night waits for from one source (instants in UTC).

    Attempts count from `due_at` on, or with a greater number than `after_run` where that is given. Until `until` the
    delivery may still arrive, or a failed extract succeed. After that any outcome is final.
    """

    due_at: datetime
    until: datetime
    after_run: int | None = None


@dataclass(frozen=True)
class Late:
    """Why a source does not keep its contract, since when, and what its last attempt said.

    `since` is a due day, a cut-off, or never.
    """

    reason: str
    since: str
    outcome: str | None = None


def awaited(contracts: Mapping[str, "Contract"], moment: datetime) -> tuple[dict[str, Awaited], datetime]:
    """The sources due in the night of `moment` (aware), and when that night stops waiting."""
    window = night_window(moment)
    due = due_sources(contracts, window)
    return {
        source: Awaited(
            due_at,
            min(window.deadline, latest_arrival(contracts[source], due_at))
            if is_promised(contracts[source])
            else due_at,
        )
        for source, due_at in due.items()
    }, window.deadline


def outcomes(settings: Settings, waits: Mapping[str, Awaited]) -> list[dict[str, Any]]:
    """The outcome of each source since it was due. `outcome` is None where there is none."""
    return fetch_all(settings, TRANSFORMER, OUTCOMES, outcome_parameters(waits))


def outcome_parameters(waits: Mapping[str, Awaited]) -> dict[str, list]:
    """The parameters of OUTCOMES."""
    return {
        "sources": list(waits),
        "due_at": [wait.due_at for wait in waits.values()],
        "after_run": [wait.after_run for wait in waits.values()],
    }


def unsettled(rows: Iterable[Mapping[str, Any]], waits: Mapping[str, Awaited], now: datetime) -> list[str]:
    """The sources still worth waiting for among the rows of `outcomes`."""
    waiting = []
    for row in rows:
        outcome, until = row["outcome"], waits[row["source_id"]].until
        may_arrive = outcome in ("missing", *NOTHING_OF_TODAY)
        may_be_retried = outcome == "failed" and now - row["finished_at"] < RETRIES_ARE_OVER
        if outcome is None or (now < until and (may_arrive or may_be_retried)):
            waiting.append(row["source_id"])
    return waiting


def note_late(settings: Settings, newest_loads: Mapping[str, int | None]) -> None:
    """Record that the night stopped waiting for these sources, so that their old data are marked stale.

    `newest_loads` is the newest load in use of each at that decision. A load that comes later is not late.
    """
    message = "Nothing new had come when the night stopped waiting for it."
    with connect(settings, LOADER) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into audit.extract_run (source_id, outcome, message, started_at, knew_of_load)"
            " values (%s, 'missing', %s, clock_timestamp(), %s)",
            [(source, message, load) for source, load in newest_loads.items()],
        )


def note_killed(settings: Settings, source_id: str, due_at: datetime) -> bool:
    """Record that the attempts since `due_at` had no result, so that no night waits for a task that was killed.

    Returns whether it was recorded, which it is not where an attempt has an outcome. The record counts against the load
    that was in use by then, not against one that the killed task may still have brought in.
    """
    (row,) = outcomes(settings, {source_id: Awaited(due_at, due_at)})
    if row["outcome"] is not None:
        return False
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, message, started_at, knew_of_load)"
            " values (%(source)s, 'failed', 'Its task was killed each time that it was tried.', clock_timestamp(),"
            " (select max(load_id) from audit.load_in_use where source_id = %(source)s and finished_at < %(due_at)s))",
            {"source": source_id, "due_at": due_at},
        )
    return True


def late_sources(settings: Settings, contracts: Mapping[str, "Contract"], now: datetime) -> dict[str, Late]:
    """The sources that do not keep their contract's SLA.

    A source is late if it was due in the night that ended last and no delivery was taken in, or if its newest data are
    older than the contract's latency. `now` is aware.
    """
    waits, _ = awaited(contracts, night_window(now).start)
    late = {}
    for row in outcomes(settings, waits):
        source, outcome = row["source_id"], row["outcome"]
        if outcome != "accepted" and not (outcome in NOTHING_OF_TODAY and not is_promised(contracts[source])):
            due_at = waits[source].due_at.astimezone(TIMEZONE)
            reason = row["message"] or f"Not fetched since it was due {due_at:%d-%m-%Y %H:%M}."
            late[source] = Late(reason, due_at.date().isoformat(), outcome)
    newest = {row["source_id"]: row["cutoff_date"] for row in fetch_all(settings, TRANSFORMER, NEWEST_CUTOFF)}
    today = now.astimezone(TIMEZONE).date()
    for source, contract in contracts.items():
        cutoff = newest.get(source)
        if cutoff is None:
            late.setdefault(source, Late("No delivery has been taken in yet.", "never"))
        elif contract.latency_days is not None and (today - cutoff).days > contract.latency_days:
            agreed = f"the contract promises at most {contract.latency_days} days"
            reason = f"The newest delivery is of {cutoff:%d-%m-%Y}; {agreed}."
            late.setdefault(source, Late(reason, cutoff.isoformat()))
    return late
