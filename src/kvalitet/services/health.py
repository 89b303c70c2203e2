"""Finds what is wrong with Airflow although its processes live: locks of the dead, a scheduler that does not schedule.

Airflow times its records by a clock that may be set, so whatever looks late is checked twice. A heartbeat that moves
between the two checks is alive, whatever its time says.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import psutil
import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.services import processes, sessions
from kvalitet.services.airflow import airflow_address, parallelism
from kvalitet.services.workers import are_locked_out, children
from kvalitet.settings import Settings

API, SCHEDULER, TRIGGERER = "airflow-api-server", "airflow-scheduler", "airflow-triggerer"
_JOBS = {"SchedulerJob": SCHEDULER, "DagProcessorJob": "airflow-dag-processor", "TriggererJob": TRIGGERER}
STARTED_SECONDS = 30  # of a component, until it has started all its parts
HEARTBEAT_SECONDS = 60  # each component writes one every 5 s
WAITING_SECONDS = 180  # of a task while a slot is free, half a minute on a busy machine
IDLE_SECONDS = 300  # of a transaction that holds locks, milliseconds for Airflow's own
_SECOND_LOOK_SECONDS = 8


@dataclass(frozen=True)
class Problem:
    """A problem: `service` is the component at fault, and `what` is wrong. With `is_silent`, only a restart helps."""

    service: str
    what: str
    is_silent: bool = False


def find_problems(settings: Settings) -> list[Problem]:
    """The present problems. Nothing is changed. Where all is well, this takes one look and some 0.1 s."""
    if not processes.noted(settings):
        return []  # never started, or ended
    found = _of_processes(settings)
    try:
        with sessions.airflow_database(settings) as connection:
            found += _of_sessions(settings, connection)
            late = _late(settings, connection)
            if late:
                time.sleep(_SECOND_LOOK_SECONDS)
                found += [problem for key, problem in _late(settings, connection).items() if key in late]
    except (KvalitetError, psycopg.Error) as error:
        said = error.what if isinstance(error, KvalitetError) else f"Airflow's database says: {type(error).__name__}."
        found.append(Problem("airflow's database", f"{said} Whether Airflow schedules is not known."))
    return found


def forget_dead_jobs(settings: Settings) -> None:
    """Tell Airflow which of its components have died, before they start anew.

    Otherwise it would count a scheduler as alive until 30 s after its last heartbeat, and look for the tasks of a dead
    one only at its start and every five minutes. Raises KvalitetError where its database cannot be reached.
    """
    running = processes.running(settings)
    dead = [job for job, name in _JOBS.items() if name not in running]
    with sessions.airflow_database(settings) as connection:
        connection.execute(
            "update job set state = 'failed', end_date = now() where state = 'running' and job_type = any(%s)", [dead]
        )


def runs_a_task(settings: Settings) -> bool:
    """Whether a task is running. Raises KvalitetError where Airflow's database cannot be reached."""
    with sessions.airflow_database(settings) as connection:
        return bool(connection.execute("select from task_instance where state = 'running' limit 1").fetchone())


def _of_processes(settings: Settings) -> list[Problem]:
    found = [Problem(name, "its process has died") for name in processes.died(settings)]
    if orphans := _lasting_orphans(settings):
        numbers = ", ".join(str(process.pid) for process in orphans)
        found.append(Problem("airflow", f"processes whose start or parent has died live on: {numbers}"))
    scheduler = processes.running(settings).get(SCHEDULER)
    if scheduler and are_locked_out(scheduler.pid):
        what = "a worker was killed while it held the lock that the others wait for, so no task is taken up"
        found.append(Problem(SCHEDULER, what, is_silent=True))
    triggerer = processes.running(settings).get(TRIGGERER)
    if triggerer and _age(triggerer) > STARTED_SECONDS and not children(triggerer.pid):
        found.append(Problem(TRIGGERER, "the process that its triggers run in was killed", is_silent=True))
    if API in processes.running(settings) and not _answers(settings):
        found.append(Problem(API, "its process lives, but it does not answer", is_silent=True))
    return found


def _lasting_orphans(settings: Settings) -> list[psutil.Process]:
    """The orphans, without those that are about to end because their parents just did."""
    found = processes.orphans(settings)
    if found:
        time.sleep(1)
    return [process for process in processes.orphans(settings) if process in found] if found else []


def _answers(settings: Settings) -> bool:
    note = processes.running(settings)[API]
    if _age(note) < HEARTBEAT_SECONDS:
        return True  # it is still starting
    try:
        return httpx.get(f"{airflow_address(settings).url}/api/v2/version", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _age(note: processes.Noted) -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - note.began


def _of_sessions(settings: Settings, connection: psycopg.Connection[DictRow]) -> list[Problem]:
    found = [
        Problem(
            "airflow's database",
            f"session {session['pid']} of a start that has ended ({session['application_name']}) is still open,"
            f" {session['state'] or 'state not shown'}; what it locks waits for ever",
        )
        for session in sessions.of_ended_starts(settings, connection)
    ]
    for session in sessions.idle_with_locks(connection, IDLE_SECONDS):
        found.append(
            Problem(
                "airflow's database",
                f"session {session['pid']} ({session['application_name'] or 'unnamed'}) has held locks for"
                f" {session['seconds']} s without doing anything: {session['locks']}",
            )
        )
    return found


def _late(settings: Settings, connection: psycopg.Connection[DictRow]) -> dict[tuple, Problem]:
    """What seems to stand still. A key holds what would have changed if it had moved."""
    found: dict[tuple, Problem] = {}
    noted, now = processes.running(settings), datetime.now(UTC)
    for job in connection.execute(_HEARTBEATS):
        name, at = _JOBS.get(job["job_type"], ""), job["latest_heartbeat"]
        is_late = abs((now - at).total_seconds()) > HEARTBEAT_SECONDS
        if name in noted and _age(noted[name]) > HEARTBEAT_SECONDS and is_late:
            what = f"its process lives, but its last heartbeat was {at:%Y-%m-%d %H:%M:%S} UTC"
            found[name, at] = Problem(name, what, is_silent=True)
    if SCHEDULER not in noted or _age(noted[SCHEDULER]) < WAITING_SECONDS:
        return found
    for task in connection.execute(_WAITING, {"limit": WAITING_SECONDS, "now": now, "slots": parallelism()}):
        where = f"{task['dag_id']} {task['task_id']} ({task['run_id']})"
        found[task["id"], task["state"]] = Problem(
            SCHEDULER, f"{where} has been {task['state']} for {task['seconds']} s although a slot is free"
        )
    for run in connection.execute(_RUNS, {"limit": WAITING_SECONDS, "now": now}):
        found[run["id"], run["last_scheduling_decision"]] = Problem(
            SCHEDULER, f"it has not looked at {run['dag_id']} ({run['run_id']}) for {run['seconds']} s"
        )
    return found


_HEARTBEATS = """
    select job_type, max(latest_heartbeat) as latest_heartbeat from job where state = 'running' group by job_type
"""
_WAITING = """
    with waiting as (
        select *, case state when 'queued' then queued_dttm else scheduled_dttm end as since
        from task_instance where state in ('scheduled', 'queued')
    )
    select waiting.id, waiting.dag_id, waiting.task_id, waiting.run_id, waiting.state,
        extract(epoch from %(now)s - since)::int as seconds
    from waiting
    inner join dag_run on waiting.dag_id = dag_run.dag_id and waiting.run_id = dag_run.run_id
    inner join dag on waiting.dag_id = dag.dag_id
    left join slot_pool on waiting.pool = slot_pool.pool
    where dag_run.state = 'running' and not dag.is_paused and since < %(now)s - make_interval(secs => %(limit)s)
        -- a queued task has its slot already
        and (select count(*) from task_instance where state in ('running', 'queued'))
            < %(slots)s + (waiting.state = 'queued')::int
        and (slot_pool.slots = -1 or (
            select count(*) from task_instance where pool = waiting.pool and state in ('running', 'queued')
        ) < slot_pool.slots + (waiting.state = 'queued')::int)
    order by seconds desc limit 20
"""
_RUNS = """
    select dag_run.id, dag_run.dag_id, run_id, last_scheduling_decision,
        extract(epoch from %(now)s - last_scheduling_decision)::int as seconds
    from dag_run inner join dag on dag_run.dag_id = dag.dag_id
    where state = 'running' and not is_paused and not is_stale
        and last_scheduling_decision < %(now)s - make_interval(secs => %(limit)s)
    order by last_scheduling_decision limit 20
"""
