"""The database sessions of this installation's starts, identified by their application_name.

A session outlives its process where another process has inherited its connection, or where the client's machine died
and the server's did not. Then it keeps its locks, and Airflow waits for them for ever. Each role ends its own sessions,
which any role may. No other right is used.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.errors import KvalitetError
from kvalitet.services.airflow import connection_url, database_name
from kvalitet.services.marks import prefix
from kvalitet.services.processes import living_marks
from kvalitet.settings import LOGIN_ROLES, Settings
from kvalitet.warehouse.connection import connect

_OF_ENDED_STARTS = """
    select pid, usename, application_name, state
    from pg_stat_activity
    where starts_with(application_name, %(prefix)s) and not application_name = any(%(living)s)
        and pid <> pg_backend_pid()
"""
#: Only of Airflow's own role and database, because its locks are there.
_IDLE = """
    select pid, application_name, extract(epoch from clock_timestamp() - state_change)::int as seconds, held.locks
    from pg_stat_activity as session
    cross join lateral (
        select string_agg(distinct coalesce(relation::regclass::text, locktype), ', ') as locks
        from pg_locks where pg_locks.pid = session.pid and granted and locktype <> 'virtualxid'
    ) as held
    where datname = current_database() and usename = current_user and state like 'idle in transaction%%'
        and state_change < clock_timestamp() - make_interval(secs => %(limit)s) and held.locks is not null
"""
_END = f"select pg_terminate_backend(pid, 5000) from ({_OF_ENDED_STARTS}) as ended where usename = current_user"


@contextmanager
def airflow_database(settings: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection to Airflow's own database as Airflow's role. Each statement is a transaction.

    Raises KvalitetError where it cannot be reached.
    """
    try:
        connection = psycopg.Connection[DictRow].connect(
            connection_url(settings),
            autocommit=True,
            row_factory=dict_row,
            fallback_application_name="kvalitet",
            connect_timeout=5,
            options="-c statement_timeout=10s",
        )
    except psycopg.Error as error:
        raise KvalitetError(
            f"Airflow's database {database_name(settings)} at {settings.server} cannot be reached:"
            f" {type(error).__name__}.",
            "Start it with `kvalitet up`, or check KVALITET_DATABASE_URL.",
        ) from None
    with connection:
        yield connection


def of_ended_starts(settings: Settings, connection: psycopg.Connection[DictRow]) -> list[DictRow]:
    """Sessions whose start no longer runs (pid, usename, application_name, state), of every role of ours."""
    return connection.execute(_OF_ENDED_STARTS, _parameters(settings)).fetchall()


def end_of_ended_starts(settings: Settings) -> int:
    """End those sessions. Returns how many. Raises KvalitetError where a database of ours cannot be reached."""
    with airflow_database(settings) as connection:
        found = of_ended_starts(settings, connection)
        if found:
            connection.execute(_END, _parameters(settings))
    for role in {session["usename"] for session in found} & set(LOGIN_ROLES):
        with connect(settings, role) as own:
            own.execute(_END, _parameters(settings))
    return len(found)


def end_idle(settings: Settings, seconds: float) -> int:
    """End Airflow's sessions that have held locks that long without doing anything. Returns how many.

    Raises KvalitetError where Airflow's database cannot be reached.
    """
    with airflow_database(settings) as connection:
        found = idle_with_locks(connection, seconds)
        for session in found:
            connection.execute("select pg_terminate_backend(%s, 5000)", [session["pid"]])
    return len(found)


def idle_with_locks(connection: psycopg.Connection[DictRow], seconds: float) -> list[DictRow]:
    """Sessions of Airflow's role idle in a transaction that long (pid, application_name, seconds, locks)."""
    return connection.execute(_IDLE, {"limit": seconds}).fetchall()


def _parameters(settings: Settings) -> dict[str, object]:
    return {"prefix": prefix(settings), "living": list(living_marks(settings))}
