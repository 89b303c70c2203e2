"""One hand at a time on each source. A second one waits, and is told whose turn it is where that takes too long.

The turn is a lock in the database: it ends with the process that holds it, whatever that ends of.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.stated import seconds, user
from kvalitet.warehouse.connection import connect

log = logging.getLogger(__name__)
PAUSE_SECONDS = 0.2
#: For a transaction whose locks others wait for. A process that is killed is noticed within a second, also in a long
#: statement; a machine that lost its power, which says nothing, within a minute. Having nothing to say ends nobody.
NOTICE_THE_DEAD: LiteralString = (
    "select set_config('client_connection_check_interval', '1s', true), set_config('tcp_keepalives_idle', '30', true),"
    " set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true),"
    " set_config('tcp_user_timeout', '60s', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)

HOLDER = """
select turn.owner, turn.host, turn.process_id, turn.began_at, session.usename::text as role,
    session.application_name, session.client_addr::text as address, lock.pid
from pg_locks as lock
left join pg_stat_activity as session on session.pid = lock.pid
left join audit.intake_turn as turn on turn.source_id = %(source)s and turn.backend_pid = lock.pid
where lock.locktype = 'advisory' and lock.granted and lock.objsubid = 1 and lock.pid <> pg_backend_pid()
    and lock.database = (select oid from pg_database where datname = current_database())
    and (lock.classid::bigint << 32) | lock.objid::bigint = hashtext(%(key)s)::bigint
order by turn.began_at limit 1
"""

NEWEST = """
select coalesce(max(abs(load_id)), 0) as number,
    max(load_id) filter (where load_id in (select load_id from audit.load_in_use)) as in_use,
    pg_backend_pid() as backend_pid
from audit.load where source_id = %(source)s
"""
NOTE = """
insert into audit.intake_turn (source_id, owner, host, process_id, backend_pid) values (%s, %s, %s, %s, %s)
on conflict (source_id) do update set owner = excluded.owner, host = excluded.host,
    process_id = excluded.process_id, backend_pid = excluded.backend_pid, began_at = excluded.began_at
"""


class SourceBusy(KvalitetError):
    """Somebody else had the turn for longer than may be waited. Nothing was looked at, so nothing is recorded."""


@dataclass
class Turn:
    """What is known while the turn lasts.

    `newest_number` is the newest load on record by its number, `knew_of` the newest in use (None where there is none),
    `backend_pid` the session that holds the turn.
    """

    source_id: str
    newest_number: int
    knew_of: int | None
    backend_pid: int

    def took(self, load_id: int, is_accepted: bool) -> None:
        """A load of this turn's own is on record."""
        self.newest_number = max(self.newest_number, abs(load_id))
        if is_accepted:
            self.knew_of = load_id if self.knew_of is None else max(self.knew_of, load_id)


def turn_seconds() -> float:
    """For how long a turn is waited for (environment: KVALITET_TURN_SECONDS)."""
    return seconds("KVALITET_TURN_SECONDS", 300)


@contextmanager
def turn(settings: Settings, source_id: str, owner: str | None = None) -> Iterator[Turn]:
    """The only hand on `source_id` while the block runs. `owner` says whose run it is, by default this machine's user.

    Raises SourceBusy where somebody else has it for longer than KVALITET_TURN_SECONDS.
    """
    with connect(settings, LOADER) as connection:
        connection.execute(NOTICE_THE_DEAD)
        # Of the transaction, not of the session: a pool that lends connections by transaction keeps it, too.
        lock, what = "pg_try_advisory_xact_lock", f"{source_id} is being taken in"
        wait_for(connection, lock, f"turn {source_id}", source_id, what)
        mine = _known(connection, source_id)
        with connect(settings, LOADER) as noting:
            noting.execute(NOTE, [source_id, owner or user(), socket.gethostname(), os.getpid(), mine.backend_pid])
        try:
            yield mine
        finally:
            with suppress(psycopg.OperationalError):  # a session that was ended has given the turn away already
                connection.execute("delete from audit.intake_turn where backend_pid = %s", [mine.backend_pid])
                connection.commit()


def wait_for(connection: psycopg.Connection[DictRow], lock: LiteralString, key: str, source_id: str, what: str) -> None:
    """Take an advisory lock with the function `lock`; `what` says what another holder is doing.

    Raises SourceBusy with who holds it, since when and from where.
    """

    def is_ours() -> bool:
        row = connection.execute(f"select {lock}(hashtext(%s)) as is_ours", [key]).fetchone()  # type: ignore[arg-type]
        return bool(row and row["is_ours"])

    def holder() -> str:
        row = connection.execute(HOLDER, {"key": key, "source": source_id}).fetchone()
        return f"{what} by {_described(row)}" if row else f"{what} by somebody who has just ended"

    wait_until(is_ours, holder)


def wait_until(is_ours: Callable[[], bool], holder: Callable[[], str]) -> None:
    """Try until a lock is ours. Raises SourceBusy after KVALITET_TURN_SECONDS with what `holder` says."""
    limit = turn_seconds()
    give_up, is_told = time.monotonic() + limit, False
    while not is_ours():
        if time.monotonic() >= give_up:
            raise SourceBusy(
                f"After {limit:g} s of waiting, {holder()}.", "Wait for it to end, or end it, and try again."
            )
        if not is_told:
            log.warning("%s. Waiting for it, at most %g s.", holder(), limit)
            is_told = True
        time.sleep(PAUSE_SECONDS)


def refuse_if_overtaken(mine: Turn, newest_number: int) -> None:
    """Hold what is on record now against what this turn has seen. Raises SourceBusy where they differ."""
    if newest_number != mine.newest_number:
        raise SourceBusy(
            f"The turn on {mine.source_id} was lost: its database session ended, and load {newest_number} was"
            " recorded by somebody else meanwhile.",
            "Nothing was taken in; try again.",
        )


def _known(connection: psycopg.Connection[DictRow], source_id: str) -> Turn:
    row = connection.execute(NEWEST, {"source": source_id}).fetchone()
    assert row is not None
    return Turn(source_id, row["number"], row["in_use"], row["backend_pid"])


def _described(row: DictRow) -> str:
    if row["owner"]:
        since = f"{row['began_at'].astimezone(TIMEZONE):%Y-%m-%d %H:%M:%S %Z}"
        return f"{row['owner']} since {since}, process {row['process_id']} on {row['host']}"
    name = row["application_name"] or row["role"] or "somebody"
    return f"{name} (database session {row['pid']}{' from ' + row['address'] if row['address'] else ''})"
