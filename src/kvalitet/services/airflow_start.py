"""Starts the components of Airflow, and checks that they do their work."""

import sys
import time
from pathlib import Path

import httpx

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, changes, health, processes, sessions
from kvalitet.services.health import API, SCHEDULER
from kvalitet.settings import Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.ports import free_port, is_free
from kvalitet.warehouse.server_place import Say

#: The components under the names of their logs and notes: airflow-scheduler and so on.
PROCESSES = {f"airflow-{name}": arguments for name, arguments in airflow.COMPONENTS.items()}
_HEALTHY_WITHIN = 300  # seconds, normally half a minute, minutes on a busy machine
_MOVES_WITHIN = 60  # seconds until waiting tasks have begun


def wanted(settings: Settings) -> dict[str, dict[str, str]]:
    """The configuration with which each component would be started now."""
    if not airflow.address_file(settings).is_file():
        return {}
    # A component that began on a server that has since died is started anew, even where it still runs.
    process = str(server.status(settings).pid) if server.is_embedded() else ""
    return {
        name: airflow.configuration(settings, name.removeprefix("airflow-")) | {changes.SERVER: process}
        for name in PROCESSES
    }


def start(settings: Settings, say: Say) -> None:
    """Start what is not running, and restart what is configured differently or stands still. Raises KvalitetError."""
    began = time.monotonic()
    _choose_port(settings, API in processes.running(settings), say)
    wanted_now = wanted(settings)
    if outdated := changes.differing(processes.running(settings), wanted_now):
        say(f"Airflow: its configuration or its server has changed, so {', '.join(outdated)} start anew")
        processes.end(settings, outdated)
    airflow.configure(settings)
    if airflow.prepare_database(settings):
        say("Airflow: setting up its database …")
        airflow.migrate_database(settings)
        say(f"Airflow: database is ready ({time.monotonic() - began:.1f} s)")
    if processes.was_started(settings):
        _end_what_stands_still(settings, say)
    launched = _launch(settings, wanted_now)
    _wait_until_healthy(settings, say, launched)
    if ended := processes.end_orphans(settings):  # those whose parent was only dying when the start began
        say(f"Ended: {ended} processes whose start or parent had died")
    _see_that_it_moves(settings, say)
    say(f"Airflow: {airflow.airflow_address(settings).url} ({time.monotonic() - began:.1f} s)")


def _launch(settings: Settings, configurations: dict[str, dict[str, str]]) -> list[str]:
    running, env = processes.running(settings), airflow.airflow_env(settings)
    if missing := [name for name in PROCESSES if name not in running]:
        health.forget_dead_jobs(settings)
    for name in missing:
        command = [sys.executable, "-m", "airflow", *PROCESSES[name]]
        processes.launch(settings, name, command, env, configurations[name])
    return missing


def _end_what_stands_still(settings: Settings, say: Say) -> None:
    """End components that give no sign of life, and transactions that hold locks and do nothing."""
    problems = health.find_problems(settings)
    if silent := {problem.service for problem in problems if problem.is_silent}:
        for problem in problems:
            if problem.is_silent:
                say(f"{problem.service}: {problem.what}; it starts anew")
        processes.end(settings, silent)
    if problems and processes.running(settings) and (ended := sessions.end_idle(settings, health.IDLE_SECONDS)):
        say(f"Ended: {ended} database sessions that held locks and did nothing")


def _see_that_it_moves(settings: Settings, say: Say) -> None:
    """Check that tasks begin that wait although a slot is free. Otherwise restart the scheduler if no task runs."""
    deadline, started_anew = time.monotonic() + _MOVES_WITHIN, False
    while problems := health.find_problems(settings):
        waiting = [problem for problem in problems if problem.service == SCHEDULER]
        if waiting and time.monotonic() < deadline:
            time.sleep(1)
        elif waiting and not started_anew and not health.runs_a_task(settings):
            say(f"{SCHEDULER}: {waiting[0].what}; it starts anew")
            processes.end(settings, [SCHEDULER])
            _wait_until_healthy(settings, say, _launch(settings, wanted(settings)))
            started_anew = True
        else:
            for problem in problems:
                say(f"Still wrong: {problem.service}: {problem.what}")
            return


def _choose_port(settings: Settings, is_ours: bool, say: Say) -> None:
    file = airflow.address_file(settings)
    port = int(file.read_text().rpartition(":")[2]) if file.is_file() else 0
    if port and (is_ours or is_free(port)):
        return
    chosen = free_port(taken=frozenset({port, settings.host_and_port[1]}))
    if port:
        say(f"Port {port} is taken; Airflow is now at 127.0.0.1:{chosen}")
    file.write_text(f"127.0.0.1:{chosen}\n")


def _wait_until_healthy(settings: Settings, say: Say, launched: list[str]) -> None:
    """Wait until every component reports itself healthy. Raises KvalitetError where one ends, or takes too long.

    A component that this start did not launch may have been hit before and end only now. It is started anew.
    """
    url = f"{airflow.airflow_address(settings).url}/api/v2/monitor/health"
    deadline, told = time.monotonic() + _HEALTHY_WITHIN, ""
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            waiting = _unhealthy(client, url)
            ended = [name for name in PROCESSES if name not in processes.running(settings)]
            if not waiting and not ended:  # Airflow shows a dead component as healthy for half a minute
                return
            if ended and not set(ended) & set(launched):
                say(f"{', '.join(ended)} ended, so it starts anew")
                launched = [*launched, *_launch(settings, wanted(settings))]
                continue
            if ended or time.monotonic() > deadline:
                name = ended[0] if ended else API
                log = processes.log_file(settings, name)
                what = f"{name} ended" if ended else f"Airflow is not healthy: {waiting}"
                raise KvalitetError(f"{what}. {_last_words(log)}", f"Its log: {log}. Then: `kvalitet up`.")
            if waiting != told:
                say(f"Airflow: waiting for {waiting} …")
                told = waiting
            time.sleep(0.5)


def _unhealthy(client: httpx.Client, url: str) -> str:
    try:
        health = client.get(url).raise_for_status().json()
    except httpx.HTTPError:
        return "the API server"
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return ", ".join(part for part in parts if (health.get(part) or {}).get("status") != "healthy")


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    said = [line.strip() for line in lines[-40:] if "Error" in line or "error" in line]
    return said[-1][:300] if said else ""
