"""Conducts one night through Airflow: triggers, watches, tells what happens. What `make run` ends with."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from kvalitet.airflow_client import AirflowClient
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.night import NightResult, night_result
from kvalitet.night_summary import figure, print_result
from kvalitet.services import AirflowAddress, airflow_address, is_elsewhere
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

STEPS = (
    "wait_for_sources", "begin", "staging", "intermediate", "star", "reports",
    "finish", "validate", "publish", "report",
)  # fmt: skip
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
#: Looks this often; each look is one call while nothing has changed.
POLL_SECONDS = 1.0
WAIT_MINUTES = 60


@dataclass
class _Watch:
    """What has been shown of the run so far."""

    since: datetime
    started: float = field(default_factory=time.monotonic)
    shown: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def clock(self) -> str:
        seconds = int(time.monotonic() - self.started)
        return f"[dim]{seconds // 60:3d}:{seconds % 60:02d}[/]"


def run_through_airflow(settings: Settings, console: Console, since: datetime | None = None) -> NightResult:
    """Run one night through Airflow, that of `kvalitet up` or the one named; shows progress and a closing table.

    `since` (aware) is when the night began, by default now: what was taken in from then on counts
    to it, also by a scheduled run that was quicker than the one triggered here.
    The night is a success only if the result has a publication_id. Raises KvalitetError where
    Airflow cannot do its part; what fails inside the night is told in the result.
    """
    since = since or datetime.now(UTC)
    address = airflow_address(settings)
    sources = [source for source, contract in load_contracts(settings).items() if not contract.problems]
    with AirflowClient(address.url, address.user, address.password) as airflow:
        with console.status("Signing in to Airflow"):
            airflow.sign_in()
        _wait_for_dags(airflow, address, console, sources)
        run_id = f"night__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}"
        for source in sources:
            airflow.trigger(f"extract__{source}", run_id)
        waits = {"sources": sources, "since": since.isoformat(), "wait_minutes": WAIT_MINUTES}
        airflow.trigger("indicators", run_id, waits)
        tasks = _watch(settings, airflow, address, console, run_id, _Watch(since))
    result = night_result(settings, since, f"airflow {run_id}")
    print_result(settings, console, result)
    _print_failures(settings, console, address, run_id, tasks, result)
    _print_where(settings, console, address, result)
    return result


def _wait_for_dags(
    airflow: AirflowClient,
    address: AirflowAddress,
    console: Console,
    sources: list[str],
    patience_seconds: float = 180,
) -> None:
    """Wait until every DAG has been read, and let them run."""
    wanted = {"indicators", "housekeeping", *(f"extract__{source}" for source in sources)}
    give_up = time.monotonic() + patience_seconds
    with console.status("Airflow reads the DAGs"):
        while missing := wanted - (known := airflow.dags()).keys():
            if errors := airflow.import_errors():
                raise KvalitetError("Airflow cannot read the DAGs: " + "; ".join(errors), "Mend the file named.")
            if time.monotonic() > give_up:
                raise KvalitetError(
                    f"Airflow has not read {', '.join(sorted(missing))} after {patience_seconds:.0f} s.",
                    f"Look in {address.logs.format(part='dag-processor')}.",
                )
            time.sleep(1)
    for dag_id in sorted(wanted):
        if known[dag_id]:
            airflow.unpause(dag_id)


def _watch(
    settings: Settings,
    airflow: AirflowClient,
    address: AirflowAddress,
    console: Console,
    run_id: str,
    watch: _Watch,
) -> list[dict[str, Any]]:
    """Show each step as it begins and ends until the night's run has ended; returns its task instances."""
    looked_at_health = time.monotonic()
    with console.status("Waiting for the scheduler") as status:
        while True:
            tasks = airflow.tasks(run_id)
            state = airflow.run_states(run_id).get("indicators", "queued")
            running = _show_ended(settings, console, run_id, watch, tasks)
            status.update(f"{watch.clock}  {', '.join(running) or 'waiting for the scheduler'}")
            if state in ("success", "failed"):
                return tasks
            if time.monotonic() - looked_at_health > 60:
                looked_at_health = time.monotonic()
                if dead := airflow.unhealthy():
                    logs = ", ".join(address.logs.format(part=part) for part in dead)
                    raise KvalitetError(
                        f"Airflow's {', '.join(dead)} is not alive.", f"See {logs}; start it again, then the night."
                    )
            time.sleep(POLL_SECONDS)


def _show_ended(
    settings: Settings, console: Console, run_id: str, watch: _Watch, tasks: list[dict[str, Any]]
) -> list[str]:
    """Print what has ended since the last look, in the order of the night; returns what is running."""
    running = []
    for task in sorted(tasks, key=_place):
        name, state = _name(task), task["state"] or "none"
        if state == "running" or (state == "deferred" and not running):
            running.append(name if state == "running" else "waiting for the sources")
        seen = (task["dag_id"], task["task_id"], state)
        if seen in watch.shown or state not in ENDED | {"up_for_retry"}:
            continue
        watch.shown.add(seen)
        if state in ("upstream_failed", "removed"):
            continue
        colour = {"success": "green", "failed": "red", "up_for_retry": "yellow"}.get(state, "dim")
        duration = f"{task['duration']:6.1f} s" if task["duration"] is not None else " " * 8
        detail = escape(_detail(settings, task, run_id, watch.since))
        console.print(f"{watch.clock}  [{colour}]{name:34s}[/] {duration}  {detail}", soft_wrap=True)
    return running


def _place(task: dict[str, Any]) -> tuple[int, str]:
    return (1 + STEPS.index(task["task_id"]) if task["task_id"] in STEPS else 0, task["dag_id"])


def _name(task: dict[str, Any]) -> str:
    kind, _, source = task["dag_id"].partition("__")
    return f"{kind} {source}" if source else task["task_id"].replace("_", " ")


def _detail(settings: Settings, task: dict[str, Any], run_id: str, since: datetime) -> str:
    """One line on what a task did, from the warehouse's own records."""
    source = task["dag_id"].partition("__")[2]
    result = night_result(settings, since, f"airflow {run_id}")
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
            return ", ".join(f"{count} {status}" for status, count in sorted(result.checks.items()))
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
