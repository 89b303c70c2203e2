"""Lets one process at a time work on each source. A second one waits, and its error names the first where it gives up.

The turn is a lock in the database, so it ends with the process that holds it, however that ends.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.settings.stated import seconds, user
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import LockHeld, history_of, holders, make, take, turn_of

HOLDER = """
select turn.owner, turn.host, turn.process_id, turn.began_at from audit.intake_turn as turn
where turn.source_id = %(source)s and exists (
    select from pg_locks as lock
    where lock.pid = turn.backend_pid and lock.granted and lock.relation = 'audit.lock'::regclass
        and lock.database = (select oid from pg_database where datname = current_database())
)
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


class TurnLost(LockHeld):
    """The turn ended with its database session, and another process had a turn meanwhile. Nothing was taken in."""


@dataclass
class Turn:
    """What is known while the turn lasts.

    `newest_number` is the newest load on record by its number, `knew_of` the newest in use (None where there is none),
    and `backend_pid` the session that holds the turn.
    """

    source_id: str
    newest_number: int
    knew_of: int | None
    backend_pid: int

    def took(self, load_id: int, is_accepted: bool) -> None:
        """Note that a load of this turn is on record."""
        self.newest_number = max(self.newest_number, abs(load_id))
        if is_accepted:
            self.knew_of = load_id if self.knew_of is None else max(self.knew_of, load_id)


def turn_seconds() -> float:
    """How many seconds to wait for a turn (environment: KVALITET_TURN_SECONDS)."""
    return seconds("KVALITET_TURN_SECONDS", 300)


@contextmanager
def turn(settings: Settings, source_id: str, owner: str | None = None) -> Iterator[Turn]:
    """Hold the only turn on `source_id` while the block runs. `owner` says whose run it is, by default this user's.

    Raises LockHeld, naming the owner, where somebody else has it for longer than KVALITET_TURN_SECONDS.
    """
    name = turn_of(source_id)
    make(settings, LOADER, name, history_of(source_id))
    with connect(settings, LOADER) as connection:
        what = f"{source_id} is being taken in"
        take(connection, name, what, turn_seconds(), holder=lambda: _holder(connection, source_id))
        mine = _known(connection, source_id)
        with connect(settings, LOADER) as noting:
            noting.execute(NOTE, [source_id, owner or user(), socket.gethostname(), os.getpid(), mine.backend_pid])
        try:
            yield mine
        finally:
            with suppress(psycopg.OperationalError):  # a session that was ended has given the turn away already
                connection.execute("delete from audit.intake_turn where backend_pid = %s", [mine.backend_pid])
                connection.commit()


def refuse_if_overtaken(mine: Turn, newest_number: int) -> None:
    """Compare what is on record now with what this turn has seen. Raises TurnLost where they differ."""
    if newest_number != mine.newest_number:
        raise TurnLost(
            f"The turn on {mine.source_id} was lost: its database session ended, and load {newest_number} was"
            " recorded by somebody else meanwhile.",
            "Nothing was taken in; try again.",
        )


def _known(connection: psycopg.Connection[DictRow], source_id: str) -> Turn:
    row = connection.execute(NEWEST, {"source": source_id}).fetchone()
    assert row is not None
    return Turn(source_id, row["number"], row["in_use"], row["backend_pid"])


def _holder(connection: psycopg.Connection[DictRow], source_id: str) -> str:
    row = connection.execute(HOLDER, {"source": source_id}).fetchone()
    if row is None:  # a holder that has not said yet who it is, or a step that is not ours
        return holders(connection)
    since = f"{row['began_at'].astimezone(TIMEZONE):%Y-%m-%d %H:%M:%S %Z}"
    return f"{row['owner']} since {since}, process {row['process_id']} on {row['host']}"
