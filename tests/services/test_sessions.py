"""Database sessions of ended starts are found and ended by their own roles. All other sessions are left alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, processes, sessions
from kvalitet.services.marks import new_mark
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import connect


@pytest.fixture
def place(settings: Settings, warehouse_server: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A warehouse, with Airflow's role and its empty database beside it."""
    url = server.admin_url(warehouse_server)
    monkeypatch.setattr(server, "admin_url", lambda *_: url)
    airflow.prepare_database(settings)
    yield settings
    processes.end(settings, list(processes.running(settings)), patience=1)
    name = sql.Identifier(airflow.database_name(settings))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
        connection.execute(sql.SQL("drop role {}").format(name))


def open_session(place: Settings, mark: str) -> psycopg.Connection:
    """A session like the one that the dead scheduler's workers inherited: idle, with Airflow's lock."""
    session = psycopg.connect(airflow.connection_url(place), application_name=mark)
    session.execute("select pg_advisory_xact_lock_shared(42)")
    return session


def is_open(session: psycopg.Connection[Any]) -> bool:
    try:
        return session.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_session_of_ended_start_is_ended(place: Settings) -> None:
    left = open_session(place, new_mark(place, "airflow-scheduler"))
    with sessions.airflow_database(place) as connection:
        assert connection.execute("select pg_try_advisory_lock(42) as free").fetchone() == {"free": False}
        found = sessions.of_ended_starts(place, connection)
        assert [(row["pid"], row["state"]) for row in found] == [(left.info.backend_pid, "idle in transaction")]
        assert sessions.end_of_ended_starts(place) == 1
        assert connection.execute("select pg_try_advisory_lock(42) as free").fetchone() == {"free": True}
        assert sessions.of_ended_starts(place, connection) == []
    assert not is_open(left)


def test_other_sessions_are_left_alone(place: Settings, tmp_path: Path) -> None:
    processes.launch(
        place, "airflow-scheduler", [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ)
    )
    other = Settings(place.root, tmp_path / "other", "", place.server, place.database)
    marks = (processes.running(place)["airflow-scheduler"].mark, new_mark(other, "airflow-scheduler"), "psql", "")
    kept = [open_session(place, mark) for mark in marks]
    assert sessions.end_of_ended_starts(place) == 0
    assert all(is_open(session) for session in kept)
    for session in kept:
        session.close()


def test_session_of_step_is_ended_as_its_role(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session of an extraction. It has its name from the environment of the start in which it ran."""
    monkeypatch.setenv("PGAPPNAME", new_mark(place, "airflow-scheduler"))
    with suppress(psycopg.OperationalError), connect(place, LOADER) as connection:
        connection.execute("select count(*) from audit.load")
        monkeypatch.delenv("PGAPPNAME")
        assert sessions.end_of_ended_starts(place) == 1
        assert not is_open(connection)
    with connect(place, LOADER) as connection:
        assert connection.info.parameter_status("application_name") == "kvalitet"


def test_airflow_cannot_end_others_sessions(place: Settings) -> None:
    """As the runbook promises, a role ends its own sessions, and no further right is granted for it."""
    with sessions.airflow_database(place) as connection:
        rights = connection.execute(
            "select rolsuper, rolcreaterole, pg_has_role(current_user, 'pg_signal_backend', 'member') as signals"
            " from pg_roles where rolname = current_user"
        ).fetchone()
    assert rights == {"rolsuper": False, "rolcreaterole": False, "signals": False}


def test_idle_transaction_with_locks_is_ended(place: Settings) -> None:
    idle = open_session(place, "")
    reading = psycopg.connect(airflow.connection_url(place))
    reading.execute("select 1")  # this one is idle in a transaction too, but it holds no lock
    time.sleep(0.6)
    with sessions.airflow_database(place) as connection:
        assert sessions.idle_with_locks(connection, 60) == []
        (found,) = sessions.idle_with_locks(connection, 0.5)
        assert (found["pid"], found["locks"]) == (idle.info.backend_pid, "advisory")
    assert sessions.end_idle(place, 0.5) == 1
    assert not is_open(idle) and is_open(reading)
    reading.close()


def test_absent_database_is_named(settings: Settings) -> None:
    with pytest.raises(KvalitetError, match=r"_airflow at 127\.0\.0\.1:\d+ cannot be reached"):
        sessions.end_of_ended_starts(settings)


def test_session_is_ended_on_own_postgres(debian_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest supported version. It does not end such a session itself when the client's machine has died."""
    monkeypatch.setenv("KVALITET_ADMIN_URL", debian_server)
    address = urlsplit(debian_server).netloc.rpartition("@")[2]
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{address}/egen")
    own = Settings(tmp_path, tmp_path / "var", "", address, "egen")
    airflow.prepare_database(own)
    left, kept = open_session(own, new_mark(own, "airflow-scheduler")), open_session(own, "psql")
    assert sessions.end_of_ended_starts(own) == 1
    assert not is_open(left) and is_open(kept)
    kept.close()


@pytest.mark.slow
def test_statement_ends_with_its_killed_process(place: Settings) -> None:
    """The embedded server checks every 10 s whether the client is still there."""
    code = f"import psycopg; psycopg.connect({airflow.connection_url(place)!r}).execute('select pg_sleep(120)')"
    process = subprocess.Popen([sys.executable, "-c", code])
    sleeping = "select count(*) from pg_stat_activity where query = 'select pg_sleep(120)'"
    with sessions.airflow_database(place) as connection:

        def wait_for(count: int) -> None:
            deadline = time.monotonic() + 30
            while connection.execute(sleeping).fetchone() != {"count": count}:
                assert time.monotonic() < deadline
                time.sleep(0.1)

        wait_for(1)
        process.kill()
        process.wait()
        wait_for(0)
