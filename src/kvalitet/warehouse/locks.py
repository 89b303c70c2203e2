"""The pipeline's own locks: rows of audit.lock, locked in a transaction and released when it ends, however it ends.

No reader may lock such a row. Anybody may take an advisory lock, so a BI session that took one of ours would stop every
publication, and nobody could name it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.warehouse.connection import connect

log = logging.getLogger(__name__)
PAUSE_SECONDS = 0.2

#: One publication or rollback at a time, across processes and machines.
PUBLICATION = "publication"
#: Held by a backup while pg_dump reads the published tables, and by a publisher while it drops and swaps them.
DUMP = "dump or publication"
#: Held shared by a backup until the kept files are copied, and exclusively by whoever removes or rewrites files.
FILES = "files of the landing store"
#: Held shared by whoever takes rows in or backs them up with their key, and exclusively by whoever changes the persons
#: in them or the landing store's key.
PERSONS = "persons in raw"
#: A build reads acceptances up to a number, so no lower number may be committed later than a higher one.
ACCEPTANCES = "acceptances of rejects"

#: For a transaction whose locks others wait for. A process that is killed is noticed within a second, even in a long
#: statement. A machine that lost its power, which sends nothing, is noticed within a minute. An idle session is not
#: ended.
NOTICE_THE_DEAD: LiteralString = (
    "select set_config('client_connection_check_interval', '1s', true), set_config('tcp_keepalives_idle', '30', true),"
    " set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true),"
    " set_config('tcp_user_timeout', '60s', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)
#: The sessions that hold any of these locks. Postgres does not say which row. Turns are recorded separately.
_HOLDERS = """
select distinct lock.pid, session.usename::text as role, session.application_name
from pg_locks as lock left join pg_stat_activity as session on session.pid = lock.pid
where lock.locktype = 'relation' and lock.relation = 'audit.lock'::regclass and lock.mode = 'RowShareLock'
    and lock.database = (select oid from pg_database where datname = current_database())
    and lock.granted and lock.pid <> pg_backend_pid()
    -- who prepares a statement has its mode on the table, whether it may carry the statement out or not
    and coalesce(has_any_column_privilege(session.usesysid, 'audit.lock', 'update'), true)
    and not exists (select from audit.intake_turn as turn where turn.backend_pid = lock.pid)
order by lock.pid
"""


class LockHeld(KvalitetError):
    """Another process held the lock for longer than may be waited. Nothing was done."""


class ExtractionsRun(KvalitetError):
    """Rows are being taken in, so persons and keys must not change."""


def turn_of(source_id: str) -> str:
    """The lock held by the process that works on a source."""
    return f"turn {source_id}"


def history_of(source_id: str) -> str:
    """The lock of the transaction that changes a source's rows, held even where the turn's own session was lost."""
    return f"history {source_id}"


def rebuild_of(schema: str) -> str:
    """The lock of the process that rebuilds the past into a schema."""
    return f"rebuild {schema}"


def make(settings: Settings, role: str, *names: str) -> None:
    """Insert the rows of these locks where they are missing. A lock is a row that exists."""
    with connect(settings, role) as connection, connection.cursor() as cursor:
        cursor.executemany("insert into audit.lock values (%s) on conflict do nothing", [[name] for name in names])


def take(
    connection: psycopg.Connection[DictRow],
    name: str,
    what: str,
    seconds: float = 0.0,
    is_shared: bool = False,
    holder: Callable[[], str] | None = None,
) -> None:
    """Take the lock in the connection's transaction. The row must have been made. Waits at most `seconds`.

    `what` says what another holder is doing. `holder` names it where more is known than its session. Raises LockHeld
    with both.
    """
    connection.execute(NOTICE_THE_DEAD)
    query = "select name from audit.lock where name = %s for "
    query += "share skip locked" if is_shared else "update skip locked"

    def is_ours() -> bool:
        return connection.execute(query.encode(), [name]).fetchone() is not None

    wait_until(is_ours, lambda: f"{what} by {holder() if holder else holders(connection)}", seconds)


def stop_extractions(connection: psycopg.Connection[DictRow]) -> None:
    """Keep rows from being taken in until the transaction ends. Raises ExtractionsRun, naming running extractions."""
    connection.execute("select set_config('application_name', 'kvalitet, changing persons or keys', true)")
    try:
        take(connection, PERSONS, "An extraction is running, or a backup:")
    except LockHeld as held:
        raise ExtractionsRun(held.what.replace(": by ", ": "), "Wait for it to end.") from None


def wait_until(is_ours: Callable[[], bool], held: Callable[[], str], seconds: float) -> None:
    """Retry until the lock is ours. Raises LockHeld after `seconds` with the text of `held`."""
    give_up, is_told = time.monotonic() + seconds, False
    while not is_ours():
        if time.monotonic() >= give_up:
            said = f"After {seconds:g} s of waiting, {held()}." if seconds else f"{held()}."
            raise LockHeld(said[0].upper() + said[1:], "Wait for it to end, or end it, and try again.")
        if not is_told:
            log.warning("%s. Waiting for it, at most %g s.", held(), seconds)
            is_told = True
        time.sleep(PAUSE_SECONDS)


def holders(connection: psycopg.Connection[DictRow]) -> str:
    """The sessions that hold a lock of ours, by the name that each gave itself."""
    rows = connection.execute(_HOLDERS).fetchall()
    named = [f"{row['application_name'] or row['role'] or 'a session'} (session {row['pid']})" for row in rows]
    if not named:
        return "somebody who has just ended"
    return named[0] if len(named) == 1 else f"one of {', '.join(named)}"


@contextmanager
def holding(
    settings: Settings, role: str, name: str, what: str, seconds: float = 0.0
) -> Iterator[psycopg.Connection[DictRow]]:
    """Hold the lock exclusively, on a connection of its own, while the block runs. Raises LockHeld as `take` does."""
    make(settings, role, name)
    with connect(settings, role) as connection:
        connection.execute("select set_config('application_name', %s, true)", [f"kvalitet, {name}"])
        take(connection, name, what, seconds)
        yield connection
