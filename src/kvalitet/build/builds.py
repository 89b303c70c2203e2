"""A build: one claim on the candidate, one fixed set of loads, one as-of date.

The claim is a row of audit.build with a heartbeat, because a build spans processes. Heartbeats are counted and timed by
the machines' own count of seconds (kvalitet.clock), which nobody can set. The row's build_id only grows, so it is also
the fence. A build whose claim has lapsed is refused at its next step. The build that takes over ends whatever the
lapsed build still runs in the database.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

import psycopg
from psycopg.rows import DictRow

from kvalitet.build.code_version import code_version
from kvalitet.clock import today
from kvalitet.clock.lapses import BEAT, beat, lapse
from kvalitet.errors import KvalitetError
from kvalitet.settings import TIMEZONE, TRANSFORMER, Settings
from kvalitet.settings.stated import seconds
from kvalitet.warehouse.build_schemas import make_empty, schemas_of
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.readers import end_beyond_limits, watch
from kvalitet.warehouse.restored import refuse_until_confirmed
from kvalitet.warehouse.server import is_embedded

HEARTBEAT_SECONDS = 15.0
LIVE = ("building", "built", "passed")
CANDIDATE = "candidate"
#: The message in a build's record when the same run gave it up for a new one.
BEGUN_AGAIN = "Given up: the same run began again."


class BuildRefused(KvalitetError):
    """Another build holds the schema, or there is nothing to build from."""


class ClaimLost(KvalitetError):
    """The build's claim is over. The build finished, or its claim lapsed and another build took the schema."""


@dataclass(frozen=True)
class Build:
    """One row of audit.build with its set of loads. `stale` says per source why its data are old."""

    build_id: int
    kind: str
    target_schema: str
    owner: str
    as_of_date: date
    status: str
    message: str | None
    loads: dict[str, int] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    code_version: str = ""
    acceptances: int = 0  # the newest acceptance of a set-aside row that the build knows of
    is_sealed: bool = False  # builders can no longer write to its schemas

    @property
    def schemas(self) -> tuple[str, str, str]:
        return schemas_of(self.target_schema)


def lapse_seconds() -> float:
    """After how many seconds without a heartbeat a claim counts as dead."""
    return seconds("KVALITET_CLAIM_LAPSE_SECONDS", 600)


def application_name(build_id: int) -> str:
    """The application_name of a build's connections, by which a lapsed build's connections are found and ended."""
    return f"kvalitet build {build_id}"


def begin_build(
    settings: Settings,
    owner: str,
    kind: str = "night",
    as_of_date: date | None = None,
    loads: dict[str, int] | None = None,
    stale: dict[str, str] | None = None,
    target_schema: str = CANDIDATE,
    acceptances: int | None = None,
) -> Build:
    """Claim `target_schema`, fix the set of loads and empty the schema.

    Defaults: `loads` is each source's newest accepted load that was not withdrawn. `as_of_date` is the latest cut-off
    date among them, or today where that is earlier. `stale` follows from each source's last attempts and contract.
    `acceptances` is all that there are. Raises BuildRefused where a live build holds the schema or nothing was
    accepted.
    """
    from kvalitet.build.standing import stale_sources

    end_lapsed_builds(settings, target_schema)
    with connect(settings, TRANSFORMER) as connection:
        refuse_until_confirmed(connection)
        rows = _chosen_loads(connection, loads)
        if not rows:
            raise BuildRefused("There is nothing to build from: no delivery was accepted.", "Run `kvalitet extract`.")
        as_of: date = as_of_date or min(max(row["cutoff_date"] for row in rows), today(connection))
        try:
            claimed = connection.execute(
                "insert into audit.build"
                " (kind, target_schema, owner, as_of_date, code_version, heartbeat_clock, heartbeat_seconds,"
                " acceptances_up_to, status) values (%s, %s, %s, %s, %s, %s, %s,"
                " coalesce(%s, (select max(acceptance_id) from audit.reject_standing), 0), 'building')"
                " returning build_id",
                [kind, target_schema, owner, as_of, code_version(settings), *beat().values(), acceptances],
            ).fetchone()
        except psycopg.errors.UniqueViolation:
            raise _held(settings, target_schema) from None
        build_id = claimed["build_id"] if claimed else 0
        stale = stale_sources(settings, connection, rows, as_of) if stale is None else stale
        for row in rows:
            connection.execute(
                "insert into audit.build_load (build_id, source_id, load_id, is_stale, stale_reason)"
                " values (%s, %s, %s, %s, %s)",
                [build_id, row["source_id"], row["load_id"], row["source_id"] in stale, stale.get(row["source_id"])],
            )
    build = get_build(settings, build_id)
    watch(settings)
    make_empty(settings, target_schema)
    return build


def get_build(settings: Settings, build_id: int, role: str = TRANSFORMER) -> Build:
    """The build as recorded, read as `role`. Raises KvalitetError where no build has that number."""
    with connect(settings, role) as connection:
        row = connection.execute("select * from audit.build where build_id = %s", [build_id]).fetchone()
        loads = connection.execute("select * from audit.build_load where build_id = %s", [build_id]).fetchall()
    if row is None:
        raise KvalitetError(f"There is no build {build_id}.", "`kvalitet status` lists the builds.")
    return Build(
        build_id=build_id,
        kind=row["kind"],
        target_schema=row["target_schema"],
        owner=row["owner"],
        as_of_date=row["as_of_date"],
        status=row["status"],
        message=row["message"],
        loads={load["source_id"]: load["load_id"] for load in loads},
        stale={load["source_id"]: load["stale_reason"] for load in loads if load["is_stale"]},
        code_version=row["code_version"],
        acceptances=row["acceptances_up_to"],
        is_sealed=row["sealed_at"] is not None,
    )


@contextmanager
def heartbeat(settings: Settings, build_id: int, role: str) -> Iterator[None]:
    """Keep the build's claim alive as `role` while the block runs, and end readers that exceed their limits.

    Every step of a build runs in this block, so a session that was opened in the meantime is ended as well. Raises
    ClaimLost before the block where the build is no longer live, and after it where the claim was lost during the
    block.
    """
    _beat(settings, build_id, role)
    end_beyond_limits(settings)
    ended = threading.Event()
    lost: list[ClaimLost] = []

    def keep_beating() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                _beat(settings, build_id, role)
                end_beyond_limits(settings)
            except ClaimLost as error:
                lost.append(error)
                return
            except (KvalitetError, psycopg.Error):
                continue  # the server is away for a moment, and if it stays away the claim lapses

    beating = threading.Thread(target=keep_beating, name=f"heartbeat of build {build_id}", daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
    if lost:
        raise lost[0]


def finish(settings: Settings, build_id: int, role: str, status: str, message: str | None = None) -> None:
    """Move a live build to `status`. Raises ClaimLost where it is no longer live."""
    with connect(settings, role) as connection:
        moved = connection.execute(
            f"update audit.build set status = %(status)s, message = %(message)s, {BEAT},"
            " finished_at = case when %(status)s = any(%(live)s) then null else clock_timestamp() end"
            " where build_id = %(build_id)s and status = any(%(live)s)",
            {"status": status, "message": message, "build_id": build_id, "live": list(LIVE), **beat()},
        ).rowcount
    if not moved:
        raise _lost(settings, build_id, role)


def record_failed_begin(settings: Settings, owner: str, message: str) -> None:
    """Record a night that failed before it had a build, once per owner and message. Status and alerts read builds."""
    with connect(settings, TRANSFORMER) as connection:
        connection.execute(
            "insert into audit.build"
            " (kind, target_schema, owner, as_of_date, code_version, status, message, finished_at)"
            " select 'night', %(schema)s, %(owner)s, %(today)s, 'unknown', 'failed', %(message)s, clock_timestamp()"
            " where not exists (select from audit.build where owner = %(owner)s and message = %(message)s)",
            {"schema": CANDIDATE, "owner": owner, "today": datetime.now(TIMEZONE).date(), "message": message},
        )


def fail_if_live(settings: Settings, build_id: int, message: str) -> bool:
    """Mark the build failed unless it has ended already. Returns whether it was marked. This frees the candidate."""
    try:
        finish(settings, build_id, TRANSFORMER, "failed", message)
    except ClaimLost:
        return False
    return True


def end_lapsed_builds(settings: Settings, target_schema: str | None = None) -> list[int]:
    """End builds whose heartbeat has stopped (of one schema, or all) and their statements. Returns their ids."""
    with connect(settings, TRANSFORMER) as connection:
        lapsed = lapse(connection, target_schema, LIVE, lapse_seconds(), is_embedded())
        for build_id in lapsed:
            _end_statements(connection, build_id)
    return lapsed


def end_builds_of_the_dead(settings: Settings, target_schema: str) -> None:
    """End the claim of a killed process on `target_schema`. Call it only where the process is known to be dead."""
    with connect(settings, TRANSFORMER) as connection:
        left = connection.execute(
            "update audit.build set status = 'failed', finished_at = clock_timestamp(),"
            " message = 'its process ended without a word' where target_schema = %s and status = any(%s)"
            " returning build_id",
            [target_schema, list(LIVE)],
        ).fetchall()
        for row in left:
            _end_statements(connection, row["build_id"])


def _end_statements(connection: psycopg.Connection[DictRow], build_id: int) -> None:
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and application_name = %s",
        [application_name(build_id)],
    )


def _beat(settings: Settings, build_id: int, role: str) -> None:
    with connect(settings, role) as connection:
        beaten = connection.execute(
            f"update audit.build set {BEAT} where build_id = %(build_id)s and status = any(%(live)s)",
            {"build_id": build_id, "live": list(LIVE), **beat()},
        ).rowcount
    if not beaten:
        raise _lost(settings, build_id, role)


def _lost(settings: Settings, build_id: int, role: str) -> ClaimLost:
    build = get_build(settings, build_id, role)
    return ClaimLost(
        f"Build {build_id} does not hold {build.target_schema} any more: it is {build.status}.",
        "Start a new build; nothing of this one can be published.",
    )


def _held(settings: Settings, target_schema: str) -> BuildRefused:
    with connect(settings, TRANSFORMER) as connection:
        holder = connection.execute(
            "select build_id, owner, claimed_at, heartbeat_at from audit.build"
            " where target_schema = %s and status = any(%s)",
            [target_schema, list(LIVE)],
        ).fetchone()
    if holder is None:
        return BuildRefused(f"Another build held {target_schema} a moment ago.", "Try again.")
    return BuildRefused(
        f"Build {holder['build_id']} of {holder['owner']} holds {target_schema} since"
        f" {holder['claimed_at']:%Y-%m-%d %H:%M:%S %Z}; last sign of life {holder['heartbeat_at']:%H:%M:%S %Z}.",
        f"Wait for it; without a sign of life its claim lapses after {lapse_seconds():g} s.",
    )


def _chosen_loads(connection: psycopg.Connection[DictRow], loads: dict[str, int] | None) -> list[DictRow]:
    if loads is None:
        return connection.execute(
            "select distinct on (source_id) source_id, load_id, cutoff_date, origin from audit.load_in_use"
            " order by source_id, load_id desc"
        ).fetchall()
    return connection.execute(
        "select source_id, load_id, cutoff_date, origin from audit.load where load_id = any(%s) order by source_id",
        [list(loads.values())],
    ).fetchall()
