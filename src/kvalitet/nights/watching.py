"""Shows a night while it runs in Airflow, and how it ended."""

import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from kvalitet.errors import KvalitetError
from kvalitet.nights.begun import BegunNight
from kvalitet.nights.night import NightResult, night_result
from kvalitet.nights.summary import figure, print_result
from kvalitet.services import AirflowAddress, is_elsewhere
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

STEPS = (
    "wait_for_sources", "begin", "staging", "intermediate", "star", "reports",
    "finish", "validate", "publish", "report",
)  # fmt: skip
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
#: Seconds between two looks. Each look is one call while nothing has changed.
POLL_SECONDS = 1.0


@dataclass
class _Shown:
    """What has been shown of the night so far."""

    night: BegunNight
    started: float = field(default_factory=time.monotonic)
    tasks: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def clock(self) -> str:
        seconds = int(time.monotonic() - self.started)
        return f"[dim]{seconds // 60:3d}:{seconds % 60:02d}[/]"


def watch(
    settings: Settings, airflow: AirflowClient, console: Console, address: AirflowAddress, night: BegunNight
) -> NightResult:
    """Show each step as it begins and ends, then a closing table. Returns how the night ended."""
    try:
        tasks = _show_until_it_ends(settings, airflow, address, console, _Shown(night))
    except KeyboardInterrupt:
        console.print("The night goes on in Airflow. `kvalitet run` watches it again.")
        raise
    result = night_result(settings, night.since, night.owner)
    print_result(settings, console, result)
    _print_failures(settings, console, address, night.run_id, tasks, result)
    _print_where(settings, console, address, result)
    return result


def _show_until_it_ends(
    settings: Settings, airflow: AirflowClient, address: AirflowAddress, console: Console, shown: _Shown
) -> list[dict[str, Any]]:
    """Show each step until the night's run has ended. Returns its task instances."""
    run_id, looked_at_health, dead = shown.night.run_id, time.monotonic(), set[str]()
    with console.status("Waiting for the scheduler") as status:
        while True:
            tasks = airflow.tasks(run_id)
            state = airflow.run_states(run_id).get("indicators", "queued")
            running = _show_ended(settings, console, shown, tasks)
            status.update(f"{shown.clock}  {', '.join(running) or 'waiting for the scheduler'}")
            if state in ("success", "failed"):
                return tasks
            if time.monotonic() - looked_at_health > 60:
                looked_at_health = time.monotonic()
                dead_before, dead = dead, set(airflow.unhealthy())
                if stays_dead := sorted(dead & dead_before):  # in two looks, as heartbeats may be late when it is busy
                    logs = ", ".join(address.logs.format(part=part) for part in stays_dead)
                    raise KvalitetError(
                        f"Airflow's {', '.join(stays_dead)} is not alive.",
                        f"See {logs}; `kvalitet run` starts it again and goes on with the night.",
                    )
            time.sleep(POLL_SECONDS)


def _show_ended(settings: Settings, console: Console, shown: _Shown, tasks: list[dict[str, Any]]) -> list[str]:
    """Print what has ended since the last look, in the order of the night. Returns what is running."""
    running = []
    for task in sorted(tasks, key=_place):
        name, state = _name(task), task["state"] or "none"
        if state == "running" or (state == "deferred" and not running):
            running.append(name if state == "running" else "waiting for the sources")
        seen = (task["dag_id"], task["task_id"], state)
        if seen in shown.tasks or state not in ENDED | {"up_for_retry"}:
            continue
        shown.tasks.add(seen)
        if state in ("upstream_failed", "removed"):
            continue
        colour = {"success": "green", "failed": "red", "up_for_retry": "yellow"}.get(state, "dim")
        duration = f"{task['duration']:6.1f} s" if task["duration"] is not None else " " * 8
        detail = escape(_detail(settings, task, shown.night))
        console.print(f"{shown.clock}  [{colour}]{name:34s}[/] {duration}  {detail}", soft_wrap=True)
    return running


def _place(task: dict[str, Any]) -> tuple[int, str]:
    return (1 + STEPS.index(task["task_id"]) if task["task_id"] in STEPS else 0, task["dag_id"])


def _name(task: dict[str, Any]) -> str:
    kind, _, source = task["dag_id"].partition("__")
    return f"{kind} {source}" if source else task["task_id"].replace("_", " ")


def _detail(settings: Settings, task: dict[str, Any], night: BegunNight) -> str:
    """One line on what a task did, from the warehouse's own records."""
    source = task["dag_id"].partition("__")[2]
    result = night_result(settings, night.since, night.owner)
    if source:
        found = next((row for row in result.sources if row.source_id == source), None)
        if found is None:
            return task["state"]
        rows = (
            f"{figure(found.accepted)} rows, {figure(found.rejected)} set aside" if found.delivered else found.message
        )
        return f"{found.outcome}: {rows}"
    if task["state"] == "skipped":
        return "nothing new" if task["task_id"] == "begin" else "skipped"
    if task["state"] == "failed" and task["task_id"] != "validate":
        return (result.build_message or "failed").splitlines()[0]
    match task["task_id"]:
        case "begin":
            return f"build {result.build_id}"
        case "validate":
            return str(result.checks)
        case "publish":
            return f"publication {result.publication_id}"
    built = fetch_all(settings, AUDITOR, LAYER, {"build_id": result.build_id, "layer": task["task_id"]})[0]
    return f"{figure(built['models'])} models, {figure(built['rows'])} rows" if built["models"] else ""


LAYER = """
select count(*) as models, coalesce(sum(row_count), 0)::bigint as rows
from audit.model_run where build_id = %(build_id)s and layer = %(layer)s
"""


def _print_failures(
    settings: Settings,
    console: Console,
    address: AirflowAddress,
    run_id: str,
    tasks: list[dict[str, Any]],
    result: NightResult,
) -> None:
    for task in sorted((task for task in tasks if task["state"] == "failed"), key=_place):
        source = task["dag_id"].partition("__")[2]
        messages = {row.source_id: row.message for row in result.sources}
        message = (messages.get(source, "") if source else result.build_message) or "See its log."
        if task["task_id"] == "validate" and result.failed_critical:
            message = "The gate held the build back for the checks above."
        console.print(f"\n[red]{_name(task)} failed.[/] {escape(message)}", soft_wrap=True)
        if not is_elsewhere():
            log = f"{settings.var}/airflow/logs/dag_id={task['dag_id']}/run_id={run_id}/task_id={task['task_id']}"
            console.print(f"  Log:  {log}", soft_wrap=True)
        console.print(f"  In Airflow:  {address.page}/dags/{task['dag_id']}/runs/{run_id}", soft_wrap=True)


def _print_where(settings: Settings, console: Console, address: AirflowAddress, result: NightResult) -> None:
    console.print("\n[bold]Where to look[/]")
    console.print(f"  Report pages  {settings.page_address('index.html')}", soft_wrap=True)
    if result.build_status == "held_back":
        page = settings.page_address(f"build-{result.build_id}/validering.html")
        console.print(f"  Held back     {page}", soft_wrap=True)
    user = f"user {address.user}, password in {address.password_file.name if is_elsewhere() else address.password_file}"
    console.print(f"  Airflow       {address.page}  {user}", soft_wrap=True)
    if not is_elsewhere():
        console.print("  BI tools      .venv/bin/kvalitet dsn --role bi   (schema reporting)", soft_wrap=True)
