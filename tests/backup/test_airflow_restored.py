"""Airflow's own database goes with the warehouse's, and comes back without the runs that were under way."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from installations import Installation

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


def test_history_comes_back_owned_by_airflow_and_running_runs_are_ended(
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
        restore(target.settings, made.path, tmp_path / "keys", "test")  # its own part was broken off after Airflow's
    finally:
        with psycopg.connect(small.environment["KVALITET_ADMIN_URL"], autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')  # type: ignore[arg-type]
            connection.execute(f'drop role if exists "{name}"')  # type: ignore[arg-type]
