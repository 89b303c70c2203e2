"""Nights through the real scheduler: a good one, one without news, one that the gate stops.

The nights are fixtures of the module, each run once and in this order, and the tests look at them. Every delivery holds
planted numbers, names and sentences. A mail server and a webhook receive the alerts. The last tests look at what was
sent, and check that nothing planted was written anywhere.
"""

import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kvalitet_example import generate
from kvalitet_example.plan import Plan
from marks import Marks
from planting import plant, spoil
from rich.console import Console
from searching import in_database, in_files
from servers import HttpServer, MailServer, http_server, mail_server

from kvalitet import services
from kvalitet.contracts import load_contracts
from kvalitet.nights.night import NightResult, SourceResult
from kvalitet.nights.running import run_through_airflow
from kvalitet.services.airflow import database_name
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import AUDITOR, BI, Settings
from kvalitet.verification.bundle import write_bundle
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
#: This source delivers every night, and its delivery is refused in the second night.
REFUSED = "complaint_reassessments"


@dataclass(frozen=True)
class Night:
    result: NightResult
    shown: str
    published: Any  # the rows of reporting.publication afterwards
    states: dict[str, str]  # of the tasks of the indicators run

    def source(self, name: str) -> SourceResult:
        return next(row for row in self.result.sources if row.source_id == name)


@dataclass(frozen=True)
class Told:
    mail: MailServer
    webhook: HttpServer


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """A mail server and a webhook that Airflow's processes find in their environment."""
    with mail_server() as mail, http_server() as webhook, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_ALERT_SMTP", mail.url)
        environment.setenv("KVALITET_ALERT_MAIL_FROM", "kvalitet@eksempelby.invalid")
        environment.setenv("KVALITET_ALERT_MAIL_TO", "vagt@eksempelby.invalid")
        environment.setenv("KVALITET_ALERT_WEBHOOK", webhook.url)
        yield Told(mail, webhook)


@pytest.fixture(scope="module")
def marks() -> Marks:
    return Marks()


@pytest.fixture(scope="module")
def place(told: Told) -> Iterator[Settings]:
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    blank = Settings(root=ROOT, var=var, inbox=f"file://{var}/inbox", server="127.0.0.1:0", database="kvalitet")
    os.environ["KVALITET_TIMETABLE"] = "off"  # at 01:30 Airflow would start its own night in between
    try:
        yield services.up(blank)
    finally:
        del os.environ["KVALITET_TIMETABLE"]
        services.remove(blank)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="module")
def airflow(place: Settings) -> Iterator[AirflowClient]:
    address = services.airflow_address(place)
    with AirflowClient(address.url, address.user, address.password) as client:
        client.sign_in()
        yield client


def inbox(place: Settings) -> Path:
    return Path(place.inbox.removeprefix("file://"))


def deliver(place: Settings, marks: Marks, night: int, corrupt: str | None = None) -> None:
    """Deliver all sources of the night, each with planted values."""
    generate(inbox(place), night=night, complaints=2000, corrupt=corrupt)
    for contract in load_contracts(place).values():
        plant(inbox(place), contract, Plan().cutoff(night), marks)


def run(place: Settings, airflow: AirflowClient) -> Night:
    console = Console(file=io.StringIO(), record=True, width=160)
    result = run_through_airflow(place, console)
    shown, run_id = console.export_text(), newest_run(airflow)
    print(shown)
    for task, state in states(airflow, run_id).items():
        if state == "failed":
            for log in (place.var / "airflow" / "logs").glob(f"*/run_id={run_id}/task_id={task}/*.log"):
                print(log, log.read_text()[-3000:], sep="\n")
    published = fetch_all(place, BI, "select publication_id, build_id from reporting.publication")
    return Night(result, shown, published, states(airflow, run_id))


def newest_run(airflow: AirflowClient) -> str:
    runs = airflow._call("GET", "/dags/indicators/dagRuns", params={"order_by": "-run_after", "limit": 1})["dag_runs"]
    return runs[0]["dag_run_id"]


def states(airflow: AirflowClient, run_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in airflow.tasks(run_id) if task["dag_id"] == "indicators"}


def clear(airflow: AirflowClient, run_id: str, task_id: str) -> str:
    """Clear one task alone, as a person does in Airflow's UI, and return the state in which it ends."""
    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task_id], "only_failed": False, "reset_dag_runs": True}
    airflow._call("POST", "/dags/indicators/clearTaskInstances", json=body)
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        time.sleep(1)
        if airflow.run_states(run_id)["indicators"] in ("success", "failed"):
            return states(airflow, run_id)[task_id]
    raise TimeoutError(f"{task_id} of {run_id}")


@pytest.fixture(scope="module")
def waiting(airflow: AirflowClient) -> Iterator[str]:
    """A run that waits for its sources, as the scheduled night does until 05:00."""
    run_id, later = "waiting", datetime.now(UTC) + timedelta(hours=3)
    give_up = time.monotonic() + 180
    while "indicators" not in airflow.dags() and time.monotonic() < give_up:
        time.sleep(1)
    airflow.unpause("indicators")
    waits = {"sources": ["organisation"], "since": later.isoformat(), "wait_minutes": 180}
    airflow.trigger("indicators", run_id, waits)
    yield run_id
    airflow._call("PATCH", f"/dags/indicators/dagRuns/{run_id}", json={"state": "failed"})


@pytest.fixture(scope="module")
def first(place: Settings, airflow: AirflowClient, marks: Marks, waiting: str) -> Night:
    deliver(place, marks, night=1)
    return run(place, airflow)


@pytest.fixture(scope="module")
def stopped(place: Settings, airflow: AirflowClient, marks: Marks, first: Night) -> Night:
    """A night with a fault that intake cannot see and the gate must stop: a centre that the organisation does not know.

    One delivery is refused too, and the folder of audit is empty.
    """
    deliver(place, marks, night=2, corrupt="lost_centre")
    spoil(inbox(place), load_contracts(place)[REFUSED], Plan().cutoff(2), marks, way=0)
    shutil.rmtree(inbox(place) / "audit_remarks")
    return run(place, airflow)


def test_the_first_night_is_published(first: Night) -> None:
    assert first.result.publication_id == 1
    assert first.published == [{"publication_id": 1, "build_id": first.result.build_id}]
    assert set(first.states.values()) == {"success"}
    assert {row.outcome for row in first.result.sources} == {"accepted"}


def test_run_by_hand_passes_a_waiting_one(airflow: AirflowClient, waiting: str, first: Night) -> None:
    assert first.result.publication_id == 1
    assert airflow.run_states(waiting) == {"indicators": "running"}
    assert states(airflow, waiting)["wait_for_sources"] == "deferred"


def test_terminal_shows_steps_and_counts(place: Settings, first: Night) -> None:
    for words in ("extract bif_complaints", "staging", "validate", "publication 1", "kvalitet dsn --role bi", "admin"):
        assert words in first.shown
    assert f"{first.source('organisation').accepted}" in first.shown
    assert services.airflow_address(place).password not in first.shown


def test_clearing_publish_again_does_nothing(place: Settings, airflow: AirflowClient, first: Night) -> None:
    assert clear(airflow, newest_run(airflow), "publish") == "success"
    assert fetch_all(place, AUDITOR, "select count(*) as count from audit.publication") == [{"count": 1}]


def test_clearing_layer_of_ended_build_is_refused(place: Settings, airflow: AirflowClient, first: Night) -> None:
    assert clear(airflow, newest_run(airflow), "star") == "failed"
    assert fetch_all(place, AUDITOR, "select status from audit.build") == [{"status": "published"}]
    assert fetch_all(place, BI, "select publication_id from reporting.publication") == [{"publication_id": 1}]


def test_night_without_news_builds_nothing(place: Settings, airflow: AirflowClient, first: Night) -> None:
    night = run(place, airflow)
    assert night.states["begin"] == "skipped"
    assert set(night.states.values()) == {"success", "skipped"}
    assert night.result.build_id is None
    assert night.published == first.published
    assert "nothing is new" in night.shown


def test_gate_stops_corrupted_delivery(first: Night, stopped: Night) -> None:
    """Readers keep what they have."""
    assert stopped.source("bif_complaints").outcome == "accepted", "intake cannot see it"
    assert stopped.result.publication_id is None
    assert stopped.result.build_status == "held_back"
    assert stopped.published == first.published


def test_stopped_run_is_red_and_names_the_check(stopped: Night) -> None:
    assert stopped.states["validate"] == "failed"
    assert stopped.states["publish"] == "upstream_failed"
    failed = stopped.result.failed_critical
    assert failed
    for check in failed:
        assert check["check_id"] in stopped.shown
        assert check["check_id"] in (stopped.result.build_message or "")
        assert check["violations"] is None or check["denominator"]
    assert "held the build back" in stopped.shown


def test_stopped_build_page_says_why(place: Settings, stopped: Night) -> None:
    page = place.site_dir / f"build-{stopped.result.build_id}" / "validering.html"
    assert stopped.result.failed_critical[0]["check_id"] in page.read_text()


def test_people_are_told_once_of_each_fault(stopped: Night, told: Told) -> None:
    assert stopped.source(REFUSED).outcome == "refused"
    events = [event for post in told.webhook.posts for event in post["events"]]
    assert [event["key"].partition("/")[0] for event in events] == ["refused", "held_back"]
    assert events[1]["key"] == f"held_back/{stopped.result.build_id}"
    assert events[1]["link"].endswith(f"/build-{stopped.result.build_id}/validering.html")
    checks = {check["check_id"]: check for check in stopped.result.failed_critical}
    assert {finding["check_id"] for finding in events[1]["findings"]} == checks.keys()
    assert len(told.mail.mails) == 2
    text = next(told.mail.mails[1].iter_parts()).get_content()  # type: ignore[union-attr]
    for check in checks.values():
        assert check["check_id"] in text and check["description"] in text and check["advice_engineer"] in text


def test_missing_sources_do_not_stop_others(stopped: Night) -> None:
    """They are marked as stale."""
    assert stopped.source("audit_remarks").outcome == "missing"
    assert stopped.source("audit_remarks").stale_reason and stopped.source(REFUSED).stale_reason
    assert stopped.states["reports"] == "success"


def test_nothing_planted_is_written_anywhere(
    place: Settings, marks: Marks, told: Told, first: Night, stopped: Night, tmp_path: Path
) -> None:
    """It is in no schema, page, log, compiled model, evidence, alert or terminal, nor in Airflow's database."""
    assert len(marks.cprs) > 200
    write_bundle(place, 1, tmp_path / "evidence.zip")
    said = [first.shown, stopped.shown, repr(told.webhook.posts)]
    said += [part.get_content() for mail in told.mail.mails for part in mail.iter_parts()]  # type: ignore[union-attr]
    assert marks.found_in("\n".join(said).encode()) == set()
    for database in (place.database, database_name(place)):
        assert in_database(server.admin_url(place, database), marks.found_in) == []
    assert in_files(tmp_path, marks.found_in) == []
    assert in_files(place.var, marks.found_in, but=("inbox", "server", "secrets")) == []
    looked_at = {file.relative_to(place.var).parts[0] for file in place.var.rglob("*") if file.is_file()}
    assert {"site", "log", "dbt", "airflow"} <= looked_at
