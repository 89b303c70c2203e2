"""Airflow's own database is backed up with the warehouse's, and is restored without the runs that were under way."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from installations import Installation, database_is_there

from kvalitet.backup import back_up, restore
from kvalitet.backup.airflow import database_name
from kvalitet.errors import KvalitetError
from kvalitet.services import airflow
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow


def set_up(settings: Settings) -> None:
    airflow.address_file(settings).parent.mkdir(parents=True, exist_ok=True)
    airflow.address_file(settings).write_text("127.0.0.1:1")
    airflow.configure(settings)
    assert airflow.prepare_database(settings)
    airflow.migrate_database(settings)


def of_airflow(installation: Installation) -> psycopg.Connection:
    name = database_name(installation.settings)
    return psycopg.connect(installation.admin_url.rpartition("/")[0] + f"/{name}", autocommit=True)


def test_restored_airflow_ends_running_runs(
    small: Installation, empty: Callable[[], Installation], tmp_path: Path
) -> None:
    set_up(small.settings)
    name = database_name(small.settings)
    try:
        with of_airflow(small) as connection:
            for run, state in (("old", "success"), ("now", "running")):
                connection.execute(
                    "insert into dag_run (dag_id, run_id, run_type, state, run_after, log_template_id, clear_number)"
                    " values ('indicators', %s, 'manual', %s, now(), (select max(id) from log_template), 0)",
                    [run, state],
                )
        made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
        assert (made.airflow, made.keys_absent) == (name, ())

        target = empty()
        shutil.copy(small.secrets / "erasures.jsonl", target.secrets)
        restored = restore(target.settings, made.path, tmp_path / "keys", "test")
        assert restored.runs_ended == ("indicators now",)
        with of_airflow(target) as connection:
            states = connection.execute("select run_id, state from dag_run order by run_id").fetchall()
            assert states == [("now", "failed"), ("old", "success")]
            owners = connection.execute(
                "select distinct tableowner from pg_tables where schemaname = 'public'"
            ).fetchall()
            assert owners == [(database_name(target.settings),)]
        assert (target.secrets / "airflow_fernet").read_text() == (small.secrets / "airflow_fernet").read_text()

        set_up(target.settings)  # as `kvalitet up` does: the tables are brought up to this Airflow
        other = back_up(small.settings, tmp_path / "later", tmp_path / "later-keys")
        with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
            connection.execute(f'drop database "{target.settings.database}" with (force)')  # type: ignore[arg-type]
        with pytest.raises(KvalitetError, match="is not empty: DAGs have run here"):
            restore(target.settings, other.path, tmp_path / "later-keys", "test")
        restore(target.settings, made.path, tmp_path / "keys", "test")  # as if cut off after Airflow's database
    finally:
        with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')  # type: ignore[arg-type]
            connection.execute(f'drop role if exists "{name}"')  # type: ignore[arg-type]


@pytest.mark.parametrize("another", ["customers", "dag_run", "of_airflow_too", "view_alone"])
def test_foreign_database_is_refused_untouched(
    small: Installation,
    empty: Callable[[], Installation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    another: str,
) -> None:
    airflows, crm = database_name(small.settings), f"crm_{small.settings.database}"
    with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
        for name in (airflows, crm):
            connection.execute(f'create database "{name}"')  # type: ignore[arg-type]
    try:
        marks = ("alembic_version", "dag", "dag_run", "task_instance", "connection", "variable")
        with of_airflow(small) as connection:
            for name in marks:
                connection.execute(f"create table {name} (n int)")  # type: ignore[arg-type]
        made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
        assert made.airflow == airflows
        with psycopg.connect(small.admin_url.rpartition("/")[0] + f"/{crm}", autocommit=True) as connection:
            if another == "view_alone":
                connection.execute("create view customers as select 1 as n")
            alone = {"customers": ["customers"], "dag_run": ["dag_run"], "view_alone": []}
            for name in alone.get(another, [*marks, "customers"]):
                connection.execute(f"create table {name} (n int)")  # type: ignore[arg-type]
                if name in ("customers", another):
                    connection.execute(f"insert into {name} values (1)")  # type: ignore[arg-type]
        target = empty()
        monkeypatch.setenv("KVALITET_AIRFLOW_DATABASE", crm)
        if another == "customers":
            with pytest.raises(KvalitetError, match=f"{crm} is not Airflow's: it has no table public"):
                back_up(small.settings, tmp_path / "others")
        kind = "view or function" if another == "view_alone" else "table"
        with pytest.raises(KvalitetError, match=f"{crm} is not Airflow's alone: it holds the {kind} public"):
            restore(target.settings, made.path, tmp_path / "keys", "test")
        with psycopg.connect(small.admin_url.rpartition("/")[0] + f"/{crm}") as connection:
            table = "dag_run" if another == "dag_run" else "customers"
            assert connection.execute(f"select n from {table}").fetchall() == [(1,)]  # type: ignore[arg-type]
        assert not database_is_there(target)
        assert not target.settings.var.exists()
        assert not (target.secrets / "pseudonym.key").exists()
        monkeypatch.setenv("KVALITET_AIRFLOW_DATABASE", "absent_from_here")
        with pytest.raises(KvalitetError, match="absent_from_here is not on this server"):
            restore(target.settings, made.path, tmp_path / "keys", "test")
        assert not (target.secrets / "pseudonym.key").exists()
    finally:
        with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
            for name in (airflows, crm):
                connection.execute(f'drop database "{name}" with (force)')  # type: ignore[arg-type]


def test_empty_airflow_database_is_left_out(
    small: Installation, empty: Callable[[], Installation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absent one that is named stops the backup."""
    name = database_name(small.settings)
    with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
        connection.execute(f'create database "{name}"')  # type: ignore[arg-type]
    try:
        made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
        assert made.airflow is None
        assert restore(empty().settings, made.path, tmp_path / "keys", "test").runs_ended == ()
        monkeypatch.setenv("KVALITET_AIRFLOW_DATABASE", "absent_from_here")
        with pytest.raises(KvalitetError, match="There is no database absent_from_here on this server"):
            back_up(small.settings, tmp_path / "named")
        assert list((tmp_path / "named").iterdir()) == []
    finally:
        with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')  # type: ignore[arg-type]
