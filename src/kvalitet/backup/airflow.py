"""Restores Airflow's database where it is on the same server, without the runs that were under way."""

import re
from collections.abc import Callable
from contextlib import closing

from psycopg import Connection, sql
from psycopg.rows import DictRow

from kvalitet.backup import target
from kvalitet.backup.connecting import connect_admin
from kvalitet.backup.folder import Folder
from kvalitet.backup.making import AIRFLOW_DUMP, AIRFLOWS_TABLES, airflow_database
from kvalitet.backup.programs import Programs, programs_for, run
from kvalitet.backup.script import replay
from kvalitet.errors import KvalitetError
from kvalitet.services.airflow import database_name, prepare_database
from kvalitet.settings import Settings
from kvalitet.warehouse import server

_EMPTYING = "drop schema public cascade; create schema public authorization {owner}; set role {owner}"
#: Without this, a scheduler would wait for processes that are gone.
_ENDING = """
reset role;
set search_path = public;
update task_instance set state = 'failed', end_date = clock_timestamp()
where state in ('running', 'queued', 'scheduled', 'deferred', 'up_for_retry', 'up_for_reschedule', 'restarting');
update dag_run set state = 'failed', end_date = clock_timestamp() where state in ('running', 'queued')
"""
#: The tables that `airflow db migrate` leaves empty.
_EMPTY_AT_FIRST = {
    "public.dag_run": "DAGs have run here",
    "public.connection": "it has connections",
    "public.variable": "it has variables",
}


def check_airflow(settings: Settings, backup: Folder) -> None:
    """Refuse a database that must not be replaced. Nothing is changed.

    Raises KvalitetError where the database is not on this server, is in use, is another program's, or Airflow has been
    used in it, and where no available program can restore it.
    """
    name = airflow_database(settings)
    if not _tables_of(backup):
        return
    if _owner(settings, name) is None:
        if name == database_name(settings):
            return  # it is made, empty, when it is restored
        raise KvalitetError(
            f"Airflow's database {name} is not on this server, and the backup holds one.",
            "Make it with its role, or name it: KVALITET_AIRFLOW_DATABASE.",
        )
    with closing(connect_admin(server.admin_url(settings, name))) as connection:
        _refuse_unless_replaceable(connection, name, backup)


def restore_airflow(settings: Settings, backup: Folder, say: Callable[[str], None]) -> list[str]:
    """Restore Airflow's database. Returns the runs that were under way, which are marked as failed.

    Raises KvalitetError as `check_airflow` does, because Airflow may have been started since.
    """
    name = airflow_database(settings)
    if not _tables_of(backup):
        return []
    if name == database_name(settings):
        prepare_database(settings)
    check_airflow(settings, backup)
    url = server.admin_url(settings, name)
    with closing(connect_admin(url)) as connection:
        if _is_of(connection, backup):
            return []
        replay(
            _programs(backup),
            backup.path / AIRFLOW_DUMP,
            url,
            connection.info.server_version,
            before=sql.SQL(_EMPTYING)
            .format(owner=sql.Identifier(_owner(settings, name) or name))
            .as_string(connection),
            after=sql.SQL("{}; comment on schema public is {}")
            .format(sql.SQL(_ENDING), sql.Literal(backup.sha256))
            .as_string(connection),
            options=("--no-owner", "--no-privileges", "--no-comments"),
        )
        ended = connection.execute(
            "select dag_id || ' ' || run_id as run from public.dag_run where state = 'failed' and end_date >"
            " current_timestamp - interval '5 minutes' order by 1"
        ).fetchall()
    say(f"Airflow's database: {name}")
    return [row["run"] for row in ended]


def _programs(backup: Folder) -> Programs:
    return programs_for(int(backup.manifest["pg_dump"].split(".")[0]))


def _owner(settings: Settings, name: str) -> str | None:
    with closing(connect_admin(server.admin_url(settings))) as connection:
        row = connection.execute(
            "select rolname::text as owner from pg_database join pg_roles on pg_roles.oid = datdba where datname = %s",
            [name],
        ).fetchone()
    return row["owner"] if row else None


def _refuse_unless_replaceable(connection: Connection[DictRow], name: str, backup: Folder) -> None:
    """Accept a database that is empty, is Airflow's own and unused, or was already restored from this very backup."""
    target.refuse_if_in_use(connection, name)
    if (others := target.defined(connection)) and not _is_of(connection, backup):
        raise KvalitetError(
            f"The database {name} is not Airflow's alone: it holds the view or function {others[0]}.",
            "Name Airflow's own database, or an empty one: KVALITET_AIRFLOW_DATABASE. Nothing was changed.",
        )
    tables = target.all_tables(connection)
    if not tables or _is_of(connection, backup):
        return
    others = tables
    if tables >= AIRFLOWS_TABLES:  # a newer Airflow has further tables, which are empty at first
        others = {table for table in tables - _tables_of(backup) if target.has_rows(connection, table)}
    if others:
        raise KvalitetError(
            f"The database {name} is not Airflow's alone: it holds the table {min(others)}.",
            "Name Airflow's own database, or an empty one: KVALITET_AIRFLOW_DATABASE. Nothing was changed.",
        )
    for table, said in _EMPTY_AT_FIRST.items():
        if target.has_rows(connection, table):
            raise KvalitetError(
                f"Airflow's database {name} is not empty: {said}.",
                "A backup is restored into an empty installation only.",
            )


def _tables_of(backup: Folder) -> set[str]:
    """The tables in the backup's dump. Empty where Airflow had a database but was not yet set up in it."""
    listed = run(_programs(backup), "pg_restore", ["--list", str(backup.path / AIRFLOW_DUMP)])
    return {".".join(found) for found in re.findall(r"^\d+; \d+ \d+ TABLE (\S+) (\S+) ", listed, re.MULTILINE)}


def _is_of(connection: Connection[DictRow], backup: Folder) -> bool:
    """Whether a restore of this very backup was broken off after Airflow's part."""
    row = connection.execute("select obj_description('public'::regnamespace, 'pg_namespace') as comment").fetchone()
    return bool(row) and row["comment"] == backup.sha256
