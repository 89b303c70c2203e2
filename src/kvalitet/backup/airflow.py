"""Airflow's database: brought back where it is on the same server, without the runs that were under way."""

from collections.abc import Callable
from contextlib import closing

from psycopg import sql

from kvalitet.backup import target
from kvalitet.backup.connecting import connect_admin
from kvalitet.backup.folder import Folder
from kvalitet.backup.making import AIRFLOW_DUMP, airflow_database
from kvalitet.backup.programs import programs_for
from kvalitet.backup.script import replay
from kvalitet.errors import KvalitetError
from kvalitet.services.airflow import database_name, prepare_database
from kvalitet.settings import Settings
from kvalitet.warehouse import server

_EMPTYING = "drop schema public cascade; create schema public authorization {owner}; set role {owner}"
#: A scheduler would otherwise wait for processes that are gone.
_ENDING = """
reset role;
set search_path = public;
update task_instance set state = 'failed', end_date = clock_timestamp()
where state in ('running', 'queued', 'scheduled', 'deferred', 'up_for_retry', 'up_for_reschedule', 'restarting');
update dag_run set state = 'failed', end_date = clock_timestamp() where state in ('running', 'queued')
"""


def restore_airflow(settings: Settings, backup: Folder, say: Callable[[str], None]) -> list[str]:
    """Bring Airflow's database back; returns the runs that were under way, which are marked as failed.

    Raises KvalitetError where Airflow runs, or has run a DAG here.
    """
    name = airflow_database(settings)
    if name == database_name(settings):
        prepare_database(settings)
    with closing(connect_admin(server.admin_url(settings))) as connection:
        row = connection.execute(
            "select rolname::text as owner from pg_database join pg_roles on pg_roles.oid = datdba where datname = %s",
            [name],
        ).fetchone()
    if row is None:
        raise KvalitetError(
            f"Airflow's database {name} is not on this server, and the backup holds one.",
            "Make it with its role, or name it: KVALITET_AIRFLOW_DATABASE.",
        )
    url = server.admin_url(settings, name)
    with closing(connect_admin(url)) as connection:
        target.refuse_if_in_use(connection, name)
        has_runs = connection.execute("select to_regclass('public.dag_run') is not null as is_there").fetchone()
        if has_runs and has_runs["is_there"] and connection.execute("select 1 from dag_run limit 1").fetchone():
            if not _is_of(connection, backup):
                raise KvalitetError(
                    f"Airflow's database {name} is not empty: DAGs have run here.",
                    "A backup is restored into an empty installation only.",
                )
            return []
        replay(
            programs_for(int(backup.manifest["pg_dump"].split(".")[0])),
            backup.path / AIRFLOW_DUMP,
            url,
            connection.info.server_version,
            before=sql.SQL(_EMPTYING).format(owner=sql.Identifier(row["owner"])).as_string(connection),
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


def _is_of(connection, backup: Folder) -> bool:
    """Whether a restore of this very backup was broken off after Airflow's part."""
    row = connection.execute("select obj_description('public'::regnamespace, 'pg_namespace') as comment").fetchone()
    return bool(row) and row["comment"] == backup.sha256
