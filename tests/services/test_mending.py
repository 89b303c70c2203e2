"""A real Airflow whose processes are killed, stopped and locked out. `up` says what is wrong and repairs it.

All tests use one installation, in this order. Its nights are runs of `housekeeping`, which need no delivery.
"""

import io
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import psutil
import psycopg
import pytest

from kvalitet import services
from kvalitet.cli.status import read_services
from kvalitet.services import airflow, changes, health, processes, sessions
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.services.marks import new_mark
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
DAG = "housekeeping"
#: The lock under which Airflow gives out slots, by its number in Airflow (airflow.utils.db.DBLocks).
CRITICAL_SECTION = "select pg_advisory_xact_lock(2)"


@pytest.fixture(scope="module")
def place() -> Iterator[Settings]:
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    blank = Settings(root=ROOT, var=var, inbox=f"file://{var}/inbox", server="127.0.0.1:0", database="kvalitet")
    os.environ["KVALITET_TIMETABLE"] = "off"
    try:
        started = services.up(blank)
        with client(started) as asked:
            wait(lambda: DAG in asked.dags(), "the DAGs are read")
            asked.unpause(DAG)
        yield started
    finally:
        os.environ.pop("KVALITET_TIMETABLE", None)
        services.remove(blank)
        shutil.rmtree(var, ignore_errors=True)


def client(place: Settings) -> AirflowClient:
    address = services.airflow_address(place)
    asked = AirflowClient(address.url, address.user, address.password)
    asked.sign_in()
    return asked


def wait(until: Callable[[], object], what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def trigger(place: Settings, run_id: str) -> None:
    with client(place) as asked:
        asked.trigger(DAG, run_id)


def states(place: Settings, run_id: str) -> dict[str, str]:
    with sessions.airflow_database(place) as connection:
        rows = connection.execute("select task_id, state from task_instance where run_id = %s", [run_id])
        return {row["task_id"]: row["state"] for row in rows}


def is_running(place: Settings, run_id: str) -> bool:
    return "running" in states(place, run_id).values()


def ends(place: Settings, run_id: str) -> dict[str, str]:
    """The states of a run's tasks when all of them have ended."""
    ended = {"success", "failed", "upstream_failed"}
    wait(lambda: ended.issuperset(states(place, run_id).values() or {"none"}), f"{run_id} ends")
    return states(place, run_id)


def up(place: Settings, **options: bool) -> str:
    """The output of `up`."""
    said: list[str] = []
    services.up(place, say=said.append, **options)
    print(*said, sep="\n")
    return "\n".join(said)


def pids(place: Settings) -> dict[str, int]:
    return {name: note.pid for name, note in processes.running(place).items()}


def of_this_installation(place: Settings) -> set[int]:
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get("KVALITET_VAR") == str(place.var) or str(place.var) in " ".join(process.cmdline()):
                found.add(process.pid)
        except psutil.Error:
            continue
    return found - {os.getpid()}


def test_no_problem_is_said_quickly(place: Settings) -> None:
    services.find_problems(place)
    began = time.process_time()
    facts = read_services(place)
    assert facts["problems"] == []
    assert all(service["is_running"] for service in facts["services"])
    assert time.process_time() - began < 1
    with sessions.airflow_database(place) as connection:
        named = connection.execute(
            "select application_name from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
        ).fetchall()
    of_starts = {note.mark for note in processes.running(place).values()}
    assert named and {row["application_name"] for row in named} <= of_starts, "asyncpg's sessions too"


def test_run_survives_a_killed_scheduler(place: Settings) -> None:
    trigger(place, "killed")
    wait(lambda: is_running(place, "killed"), "a task runs")
    before = pids(place)
    workers = psutil.Process(before["airflow-scheduler"]).children(recursive=True)
    assert workers
    os.kill(before["airflow-scheduler"], signal.SIGKILL)
    wait(lambda: "airflow-scheduler" not in pids(place), "it is dead")
    problems = services.find_problems(place)
    assert any(one.service == "airflow-scheduler" and "died" in one.what for one in problems), problems
    assert any("whose start or parent has died live on" in one.what for one in problems), problems

    said = up(place)
    assert "processes whose start or parent had died" in said
    assert not any(worker.is_running() for worker in workers)
    after = pids(place)
    assert {name for name in before if before[name] != after[name]} == {"airflow-scheduler"}
    ended = ends(place, "killed")
    assert (ended["end_lapsed_builds"], ended["drop_old_rebuilds"]) == ("success", "success"), ended
    trigger(place, "night_after")
    assert ends(place, "night_after")["end_lapsed_builds"] == "success"
    assert services.find_problems(place) == []


def test_up_ends_lock_of_an_ended_start(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session stands for one that the killed scheduler's workers kept open. Its process cannot be found."""
    monkeypatch.setattr(health, "WAITING_SECONDS", 5)
    left = psycopg.connect(airflow.connection_url(place), application_name=new_mark(place, "airflow-scheduler"))
    left.execute(CRITICAL_SECTION)
    left.execute("select from slot_pool for update")
    trigger(place, "locked_out")
    wait(lambda: "scheduled" in states(place, "locked_out").values(), "its tasks are scheduled")
    time.sleep(6)
    problems = services.find_problems(place)
    assert any(f"session {left.info.backend_pid} of a start that has ended" in one.what for one in problems), problems
    assert any("has been scheduled for" in one.what and "locked_out" in one.what for one in problems), problems
    before = pids(place)
    assert "1 database sessions of a start that had ended" in up(place)
    assert ends(place, "locked_out")["end_lapsed_builds"] == "success"
    assert pids(place) == before, "the scheduler need not start anew for it"


def test_silent_component_starts_anew(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "HEARTBEAT_SECONDS", 20)
    before = pids(place)
    for child in psutil.Process(before["airflow-triggerer"]).children(recursive=True):
        child.suspend()
    os.kill(before["airflow-triggerer"], signal.SIGSTOP)
    time.sleep(22)
    problems = services.find_problems(place)
    assert {one.service for one in problems} == {"airflow-triggerer"}, problems
    assert "airflow-triggerer: its process lives, but its last heartbeat was" in up(place)
    after = pids(place)
    assert {name for name in before if before[name] != after[name]} == {"airflow-triggerer"}


def test_locked_out_scheduler_starts_anew(place: Settings) -> None:
    before = pids(place)
    (reader,) = [child for child in psutil.Process(before["airflow-scheduler"]).children() if reads_a_pipe(child)]
    reader.kill()
    assert "a worker was killed while it held the lock" in up(place)
    after = pids(place)
    assert {name for name in before if before[name] != after[name]} == {"airflow-scheduler"}
    trigger(place, "after_the_lock")
    assert ends(place, "after_the_lock")["end_lapsed_builds"] == "success"


def test_triggerer_without_runner_starts_anew(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STARTED_SECONDS", 0)
    before = pids(place)["airflow-triggerer"]
    os.kill(before, signal.SIGSTOP)  # otherwise it would end by itself a moment later
    (runner,) = psutil.Process(before).children()
    runner.kill()
    psutil.wait_procs([runner], timeout=5)
    assert "the process that its triggers run in was killed; it starts anew" in up(place)
    assert pids(place)["airflow-triggerer"] != before


def reads_a_pipe(process: psutil.Process) -> bool:
    return "pipe_read" in Path(f"/proc/{process.pid}/wchan").read_text()


def test_changed_settings_wait_for_what_runs(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger(place, "settings")
    wait(lambda: is_running(place, "settings"), "a task runs")
    before, config = pids(place), airflow.config_file(place).read_text()
    monkeypatch.setenv("KVALITET_ALERT_WEBHOOK", "https://chat.example.dk/hook-secret")
    monkeypatch.delenv("KVALITET_TIMETABLE")
    with pytest.raises(changes.NightRuns) as refused:
        services.up(place, say=print)
    assert (
        "Settings have changed (KVALITET_ALERT_WEBHOOK, KVALITET_TIMETABLE, [scheduler] use_job" in refused.value.what
    )
    assert f"{DAG} settings (" in refused.value.what and "hook-secret" not in refused.value.what
    assert "--wait" in refused.value.remedy and "--now" in refused.value.remedy
    assert (pids(place), airflow.config_file(place).read_text()) == (before, config), "nothing was changed"
    with pytest.raises(changes.NightRuns) as without_scheduler:
        changes.refuse_while_night_runs(place, {"airflow-triggerer": {"KVALITET_INBOX"}}, scheduler_runs=False)
    assert "does not end by itself" in without_scheduler.value.remedy

    assert up(place, wait=True).count("Waiting for its end") == 1
    assert states(place, "settings")["end_lapsed_builds"] == "success"
    after = pids(place)
    assert {name for name in before if before[name] == after[name]} == {"airflow-api-server"}
    assert all("hook-secret" not in file.read_text() for file in (place.var / "run").glob("*") if file.is_file())


def test_up_now_breaks_off_the_night(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger(place, "broken_off")
    wait(lambda: is_running(place, "broken_off"), "a task runs")
    before = pids(place)
    monkeypatch.setenv("KVALITET_REBUILD_DAYS", "8")
    up(place, now=True)
    assert pids(place)["airflow-scheduler"] != before["airflow-scheduler"]
    assert pids(place)["airflow-api-server"] == before["airflow-api-server"]
    assert services.find_problems(place) == []
    wait(lambda: {"up_for_retry", "success"} & set(states(place, "broken_off").values()), "its task is tried again")
    with client(place) as asked:  # the pause before the second try takes minutes, in which no other run may begin
        asked._call("PATCH", f"/dags/{DAG}/dagRuns/broken_off", json={"state": "failed"})


def test_dead_scheduler_starts_with_old_settings(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other settings are refused meanwhile."""
    services.up(place, say=print)  # with the present settings, whatever the previous test has set
    trigger(place, "scheduler_down")
    wait(lambda: is_running(place, "scheduler_down"), "a task runs")
    before = pids(place)
    os.kill(before["airflow-scheduler"], signal.SIGKILL)
    wait(lambda: "airflow-scheduler" not in pids(place), "it is dead")
    with monkeypatch.context() as other:
        other.setenv("KVALITET_CLAIM_LAPSE_SECONDS", "601")
        with pytest.raises(changes.NightRuns) as refused:
            services.up(place, say=print)
        assert "The scheduler is down" in refused.value.remedy and "--now" in refused.value.remedy
    services.up(place, say=print)
    after = pids(place)
    assert {name for name in before if before[name] != after[name]} == {"airflow-scheduler"}, "only what was down"
    assert ends(place, "scheduler_down")["end_lapsed_builds"] == "success"


def test_unreachable_database_is_said(place: Settings) -> None:
    elsewhere = Settings(place.root, place.var, place.inbox, "127.0.0.1:1", place.database)
    (problem,) = services.find_problems(elsewhere)
    assert problem.service == "airflow's database"
    assert "cannot be reached" in problem.what and "not known" in problem.what


def test_down_ends_what_a_killed_start_left(place: Settings) -> None:
    trigger(place, "at_the_end")
    wait(lambda: is_running(place, "at_the_end"), "a task runs")
    for name in ("airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-api-server"):
        os.kill(pids(place)[name], signal.SIGKILL)
    wait(lambda: not pids(place), "all are dead")
    assert of_this_installation(place)
    with redirect_stdout(io.StringIO()) as said:
        services.down(place)
    assert "processes whose start or parent had died" in said.getvalue()
    assert of_this_installation(place) == set()
