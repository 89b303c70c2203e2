"""Readers around a swap: waits for them, and after a grace period ends those still in the way.

docs/decisions/0003-publishing-waits-for-readers.md says why. In short: a transaction that has read one published table
must not meet another publication in the next table. A snapshot from before the candidate's rows were committed would
find the new tables empty.
"""

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import errors, sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.publication.digest import tables_of
from kvalitet.settings import GATE, LOADER, PUBLISHER, TRANSFORMER

#: The pipeline's own roles are never ended, because their work belongs to a run and their builds hold claims.
PIPELINE = [LOADER, TRANSFORMER, GATE, PUBLISHER]

#: How many seconds new readers may be made to wait, attempt by attempt. Short attempts succeed between busy
#: transactions of several tables (which wait for the publisher while it waits for them). Longer ones succeed behind a
#: running query. The last is used only in the second half of the grace period.
PATIENCES = (0.01, 0.02, 0.05, 0.1)
LAST_PATIENCE = 0.5
#: Readers run freely between two attempts, for a random time, so that attempts do not keep step with them.
PAUSES = (0.005, 0.03)
#: Seconds that ended sessions may take to go after the grace period.
ENDING = 15.0

_OLD = """
select a.pid, a.usename::text as role, a.usename = any(%(pipeline)s) or r.rolsuper as is_spared
from pg_stat_activity as a join pg_roles as r on r.oid = a.usesysid
where a.datname = current_database() and a.backend_type = 'client backend'
  and a.backend_xmin is not null and a.xact_start <= %(committed_at)s
  and age(a.backend_xmin) >= age(%(xid)s::text::xid)
  and not (a.usename = any(%(pipeline)s) or r.rolsuper)
"""

_BLOCKING = """
select distinct a.pid, a.usename::text as role, a.usename = any(%(pipeline)s) or coalesce(r.rolsuper, true) as is_spared
from pg_locks as l
join pg_class as c on c.oid = l.relation
join pg_stat_activity as a on a.pid = l.pid
left join pg_roles as r on r.oid = a.usesysid
where l.locktype = 'relation' and l.granted
  and l.database = (select oid from pg_database where datname = current_database())
  and c.relnamespace = any(select to_regnamespace(name) from unnest(%(schemas)s::text[]) as name)
  and l.pid <> all(%(own)s)
"""


class ReaderInTheWay(KvalitetError):
    """Nothing was published. The build stays passed, so that publishing can be tried again."""


@dataclass(frozen=True)
class Commit:
    """The last commit to a candidate. Snapshots that do not see it must be gone before the swap."""

    xid: int
    committed_at: object


@dataclass
class Wait:
    """How long a swap waited for readers, and the sessions that it ended, as `role (pid)`."""

    seconds: float = 0.0
    ended: list[str] = field(default_factory=list)


def exclusive(
    connection: psycopg.Connection[DictRow],
    watch: psycopg.Connection[DictRow],
    schemas: list[str],
    grace: float,
    last_commit: Commit | None = None,
) -> Wait:
    """Lock every table of `schemas` for this transaction alone, when no snapshot older than `last_commit` is left.

    `connection` is in the swap's transaction, and `watch` is in autocommit and sees all sessions. Waits up to `grace`
    seconds for readers to finish by themselves, then ends them. Raises ReaderInTheWay where a session that may not be
    ended stays in the way.
    """
    wait = Wait()
    started = time.monotonic()
    own = [connection.info.backend_pid, watch.info.backend_pid]
    longest = _longest_patience(watch)
    for patience in itertools.cycle((*PATIENCES, LAST_PATIENCE)):
        waited = time.monotonic() - started
        if patience == LAST_PATIENCE and waited < grace / 2:
            continue
        old = _old_snapshots(watch, last_commit)
        if not old and _lock(connection, schemas, min(patience, longest)):
            break
        if waited >= grace:
            blocking = watch.execute(_BLOCKING, {"pipeline": PIPELINE, "schemas": schemas, "own": own}).fetchall()
            _end(watch, [row for row in old + blocking if not row["is_spared"]], wait)
            if waited >= grace + ENDING:
                raise _still_there(old + blocking)
        time.sleep(random.uniform(*PAUSES))  # noqa: S311
    wait.seconds = time.monotonic() - started
    return wait


def _old_snapshots(watch: psycopg.Connection[DictRow], last_commit: Commit | None) -> list[DictRow]:
    if last_commit is None:
        return []
    parameters = {
        "pipeline": PIPELINE,
        "xid": last_commit.xid,
        "committed_at": last_commit.committed_at,
    }
    return watch.execute(_OLD, parameters).fetchall()


def _longest_patience(watch: psycopg.Connection[DictRow]) -> float:
    """A patience shorter than deadlock_timeout, so that the publisher yields before a reader gets a deadlock error."""
    row = watch.execute("select setting::int as ms from pg_settings where name = 'deadlock_timeout'").fetchone()
    assert row is not None
    return row["ms"] / 2000


def _lock(connection: psycopg.Connection[DictRow], schemas: list[str], patience: float) -> bool:
    """Lock all tables of all schemas, or none. Gives up after `patience` seconds altogether.

    lock_timeout counts per table, so statement_timeout limits the whole.
    """
    names = [sql.Identifier(schema, name) for schema in schemas for name in tables_of(connection, schema)]
    if not names:
        return True
    try:
        with connection.transaction(), _timeout(connection, patience):
            connection.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(names)))
    except (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected):
        return False
    return True


@contextmanager
def _timeout(connection: psycopg.Connection[DictRow], seconds: float) -> Iterator[None]:
    connection.execute(
        "select set_config('statement_timeout', %s, true)",
        [f"{round(seconds * 1000)}ms"],
    )
    yield
    connection.execute("select set_config('statement_timeout', '0', true)")


def _end(watch: psycopg.Connection[DictRow], rows: list[DictRow], wait: Wait) -> None:
    for row in rows:
        name = f"{row['role']} ({row['pid']})"
        if name not in wait.ended:
            try:
                watch.execute("select pg_terminate_backend(%s)", [row["pid"]])
            except errors.InsufficientPrivilege:
                continue  # some clouds let nobody grant pg_signal_backend, so the reader is named if it stays
            wait.ended.append(name)


def _still_there(rows: list[DictRow]) -> ReaderInTheWay:
    names = ", ".join(sorted({f"{row['role'] or 'a server process'} (pid {row['pid']})" for row in rows}))
    return ReaderInTheWay(
        f"Nothing was swapped: {names or 'a session'} stays in the way and may not be ended by the publisher.",
        "Let it finish or end it (select pg_terminate_backend(pid) as admin), then publish again.",
    )
