"""Every DAG is there, can be read quickly, has an owner, and is scheduled on Copenhagen's clock."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kvalitet.contracts import load_contracts
from kvalitet.settings import Settings
from kvalitet.timetable.calendar import Window, last_due

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = load_contracts(Settings.from_environment(ROOT))
DAG_FILES = sorted((ROOT / "dags").glob("*.py"))
HEAVY = ("dbt", "great_expectations", "duckdb", "pyarrow", "polars", "pandas", "numpy", "adbc_driver_postgresql")
STEPS = [
    "wait_for_sources", "begin", "staging", "intermediate", "star", "reports",
    "finish", "validate", "publish", "report",
]  # fmt: skip


def test_dag_files_are_read_without_errors(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}


def test_one_extract_dag_per_contract(dag_bag: Any) -> None:
    """The other two DAGs are those of the night."""
    assert CONTRACTS
    assert set(dag_bag.dags) == {f"extract__{source}" for source in CONTRACTS} | {"indicators", "housekeeping"}


def test_dags_have_owner_tier_and_documentation(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        assert [tag for tag in dag.tags if tag.startswith("tier-")], dag.dag_id
        assert "## When it fails" in dag.doc_md, f"{dag.dag_id} does not say what to do when it fails"
        for task in dag.tasks:
            assert task.owner not in ("", "airflow", "unknown"), f"{dag.dag_id}.{task.task_id} has no owner"
            assert task.retries >= 1 and task.execution_timeout, f"{dag.dag_id}.{task.task_id}"


def test_run_by_hand_may_stand_beside_another(dag_bag: Any) -> None:
    """A scheduled run may wait for hours for a late source. A run started by hand must not wait for it."""
    for dag in dag_bag.dags.values():
        assert dag.max_active_runs == (1 if dag.dag_id == "housekeeping" else 2), dag.dag_id


def test_new_installation_starts_with_next_due(dag_bag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that is set up at 02:00 must not start a night that was due before."""
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable
    from airflow.timetables import trigger
    from airflow.timetables.base import TimeRestriction

    now = datetime(2026, 11, 22, 0, 50, tzinfo=UTC)  # 01:50 in Copenhagen, and the night was due at 01:30
    monkeypatch.setattr(trigger, "utcnow", lambda: now)
    for dag in dag_bag.dags.values():
        timetable: Any = decode_timetable(encode_timetable(dag.timetable))
        first = timetable.next_dagrun_info(
            last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=False)
        )
        assert first.run_after > now, dag.dag_id


def test_schedules_are_on_copenhagen_time(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        assert str(dag.timetable.timezone) == "Europe/Copenhagen", dag.dag_id
    for source, contract in CONTRACTS.items():
        assert dag_bag.dags[f"extract__{source}"].timetable.expression == contract.schedule


@pytest.mark.parametrize("source", CONTRACTS)
def test_extract_dag_follows_its_contract(dag_bag: Any, source: str) -> None:
    dag, contract = dag_bag.dags[f"extract__{source}"], CONTRACTS[source]
    (task,) = dag.tasks
    assert task.owner == contract.owner
    assert contract.tier in dag.tags
    assert contract.support in dag.doc_md
    assert task.retry_exponential_backoff == 2
    assert [outlet.uri for outlet in task.outlets] == [f"kvalitet://raw/{source}"]


def test_the_night_is_one_line_of_steps(dag_bag: Any) -> None:
    dag = dag_bag.dags["indicators"]
    assert {task.task_id for task in dag.tasks} == {*STEPS, "anchor"}
    for before, after in pairwise(STEPS):
        assert after in dag.get_task(before).downstream_task_ids
    assert dag.get_task("anchor").upstream_task_ids == {"publish"}, (
        "a host that is away keeps no page from being written"
    )
    assert all(task.on_failure_callback for task in dag.tasks)


@pytest.mark.parametrize("schedule", ["15 1 * * *", "30 2 * * *", "0 2 * * 0", "0 14 * * *", "0 3 1 1,4,7,10 *"])
def test_night_reads_cron_as_airflow_does(airflow_home: Path, schedule: str) -> None:
    """Otherwise the night would expect a source at another hour than Airflow fetches it."""
    import pendulum
    from airflow.timetables.trigger import CronTriggerTimetable

    timetable: Any = CronTriggerTimetable(schedule, timezone="Europe/Copenhagen")  # pyright: ignore[reportAbstractUsage]
    moment = pendulum.datetime(2024, 1, 1)
    fired: list[datetime] = []
    while (moment := timetable._get_next(moment)) < pendulum.datetime(2025, 1, 1):
        fired.append(moment)
    expected, window = [], Window(datetime(2024, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    while due := last_due(schedule, window):
        expected.append(due)
        window = Window(window.start, due)
    assert [found.isoformat() for found in fired] == [due.isoformat() for due in reversed(expected)]


def test_broken_cron_stops_only_its_source(airflow_home: Path, tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    for file in (ROOT / "example" / "administration" / "contracts").glob("*.yaml"):
        text = file.read_text()
        if file.name.startswith("organisation"):
            text = text.replace("schedule: ", "schedule: never ", 1).replace('never "', '"never ', 1)
            assert text != file.read_text()
        (tmp_path / file.name).write_text(text)
    os.environ["KVALITET_CONTRACTS"] = str(tmp_path)
    try:
        bag = DagBag(ROOT / "dags" / "extract.py", safe_mode=True)
    finally:
        del os.environ["KVALITET_CONTRACTS"]
    assert bag.import_errors == {}
    assert set(bag.dags) == {f"extract__{source}" for source in CONTRACTS}


def test_dag_files_are_short_without_sql() -> None:
    for file in DAG_FILES:
        lines = file.read_text().splitlines()
        assert len(lines) < 150, file.name
        assert not [line for line in lines if "select " in line.lower().split("#")[0]], file.name


def test_dag_files_import_nothing_heavy(airflow_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured in a process with only Airflow: how long each file takes to import, and which modules it loads."""
    program = """
import json, runpy, sys, time
import airflow.sdk
seconds = {}
for file in sys.argv[1:-1]:
    began = time.process_time()
    runpy.run_path(file)
    seconds[file] = round(time.process_time() - began, 3)
print(json.dumps([seconds, [name for name in sys.argv[-1].split(",") if name in sys.modules]]))
"""
    command = [sys.executable, "-c", program, *map(str, DAG_FILES), ",".join(HEAVY)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    seconds, heavy = json.loads(answer.splitlines()[-1])
    with capsys.disabled():
        print("\nDAG files read in", {Path(file).name: value for file, value in seconds.items()}, "s of CPU")
    assert heavy == []
