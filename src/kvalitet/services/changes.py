"""Finds settings that differ from those that Airflow runs with, and protects a running night from the change."""

import configparser
from collections.abc import Mapping

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.build.builds import LIVE
from kvalitet.errors import KvalitetError
from kvalitet.services import airflow
from kvalitet.services.processes import Noted
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

#: No real setting. It makes a component that began on a server that has died start anew with the next server.
SERVER = "the server's process"
_SHOWN = 6


class NightRuns(KvalitetError):
    """Settings have changed while a night runs with the old ones."""


def differing(running: Mapping[str, Noted], wanted: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """Running components whose configuration differs from what is wanted -> the names of the differing settings."""
    found: dict[str, set[str]] = {}
    for name, note in running.items():
        before, now = note.configuration, wanted.get(name, {})
        if differs := {setting for setting in before.keys() | now if before.get(setting) != now.get(setting)}:
            found[name] = differs
    return found


def refuse_while_night_runs(settings: Settings, changed: Mapping[str, set[str]], scheduler_runs: bool) -> None:
    """Raises NightRuns where settings have `changed` and something runs that would be broken off.

    Where the night's server is gone, nothing is left to protect.
    """
    names = set().union(*changed.values())
    if not names or SERVER in names:
        return
    if runs := _under_way(settings):
        remedy = (
            "Wait for its end (`kvalitet up --wait`), or start with the settings that it runs with. `kvalitet up --now`"
            " breaks it off: its tasks are tried again with the new settings."
        )
        if not scheduler_runs:
            remedy = (
                "The scheduler is down, so the night does not end by itself: start with the settings that it began"
                " with. `kvalitet up --now` goes on with the new ones."
            )
        raise NightRuns(
            f"Settings have changed ({_listed(names)}), but a night runs with the old ones: {runs}.", remedy
        )


def _listed(names: set[str]) -> str:
    shown = sorted(names, key=lambda name: (name.startswith("["), name))
    rest = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + rest


def _under_way(settings: Settings) -> str:
    """The runs that have begun and not ended, with their tasks, and the build. Empty where there are none."""
    runs = [
        f"{run['dag_id']} {run['run_id']}" + (f" ({', '.join(run['tasks'])})" if run["tasks"] else "")
        for run in _runs(settings)
    ]
    if not runs:
        return ""
    rest = [f"{len(runs) - _SHOWN} more"] if len(runs) > _SHOWN else []
    return ", ".join(runs[:_SHOWN] + rest + _builds(settings))


def _runs(settings: Settings) -> list[DictRow]:
    """The runs in the database that Airflow runs on, which may differ from that of the new settings."""
    config = configparser.RawConfigParser()
    config.read(airflow.config_file(settings))
    url = config.get("database", "sql_alchemy_conn", fallback="").replace("%%", "%")
    if not url:
        return []
    try:
        address = url.replace("postgresql+psycopg2", "postgresql")
        with psycopg.Connection[DictRow].connect(address, row_factory=dict_row, connect_timeout=5) as connection:
            return connection.execute(_RUNS).fetchall()
    except psycopg.errors.UndefinedTable:
        return []  # its first `airflow db migrate` did not finish
    except psycopg.Error as error:
        raise NightRuns(
            f"Settings have changed, and whether a night runs is not known: Airflow's database does not answer"
            f" ({type(error).__name__}).",
            "Start its server, or start with the settings that Airflow runs with. `kvalitet up --now` does not ask.",
        ) from None


def _builds(settings: Settings) -> list[str]:
    try:
        builds = fetch_all(settings, AUDITOR, _BUILDS, {"live": list(LIVE)})
    except (KvalitetError, psycopg.Error):
        return []  # another warehouse, or none yet, and the runs are named all the same
    return [f"build {build['build_id']} ({build['status']})" for build in builds]


#: A run that only waits (for a delivery, for its sources) has begun nothing that a restart would break.
_RUNS = """
    select dag_id, run_id,
        array_agg(task_id order by task_id)
            filter (where task_instance.state in ('running', 'queued', 'scheduled', 'restarting')) as tasks
    from dag_run inner join task_instance using (dag_id, run_id)
    where dag_run.state = 'running'
    group by dag_id, run_id
    having bool_or(task_instance.state in (
        'running', 'queued', 'scheduled', 'restarting', 'up_for_retry',
        'success', 'failed', 'skipped', 'upstream_failed'
    ))
    order by dag_id <> 'indicators', dag_id, run_id
"""
_BUILDS = "select build_id, status from audit.build where status = any(%(live)s) order by build_id"
