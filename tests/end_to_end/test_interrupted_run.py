"""`kvalitet run` is interrupted in each of its phases. The next call continues the night that was begun."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

import pytest

from kvalitet import services
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import AUDITOR, BI, Settings
from kvalitet.settings.server_note import noted_address
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "kvalitet", "run", "--complaints", "2000"]


@dataclass
class Place:
    """An installation made by nothing but `kvalitet run`, called as a person calls it."""

    var: Path

    def call(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "KVALITET_VAR": str(self.var), "KVALITET_TIMETABLE": "off", "COLUMNS": "160"}
        return subprocess.Popen(
            COMMAND,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a Ctrl-C goes to a whole process group, so each call gets its own
        )

    def interrupt(self, when: Callable[[], object], how: Callable[[int], None]) -> str:
        """Call, interrupt the call once `when` holds, and return its output."""
        call, give_up = self.call(), time.monotonic() + 400
        while not when():
            assert call.poll() is None, f"ended before it was interrupted: {call.communicate()[0]}"
            assert time.monotonic() < give_up, "the instant to interrupt at did not come"
            time.sleep(0.01)
        how(call.pid)
        said = call.communicate(timeout=60)[0]
        print(said)
        assert call.returncode != 0
        return said

    @property
    def blank(self) -> Settings:
        inbox = f"file://{self.var}/inbox"
        return Settings(root=ROOT, var=self.var, inbox=inbox, server="127.0.0.1:0", database="kvalitet")

    @property
    def settings(self) -> Settings:
        return replace(self.blank, server=noted_address(self.var))

    def files(self, pattern: str) -> list[Path]:
        return list(self.var.glob(pattern))

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        time.sleep(0.1)
        return fetch_all(self.settings, AUDITOR, query)

    def note(self) -> dict[str, Any]:
        """The note of the begun night, or an empty one if there is none."""
        with suppress(FileNotFoundError):
            return json.loads((self.var / "run" / "night.json").read_text())
        return {}

    @cached_property
    def airflow(self) -> AirflowClient:
        address = services.airflow_address(self.settings)
        return AirflowClient(address.url, address.user, address.password)

    def mark(self, run_id: str, state: str) -> None:
        """Set the run's state, as a person does it in Airflow."""
        self.airflow._call("PATCH", f"/dags/indicators/dagRuns/{run_id}", json={"state": state})

    def runs(self) -> dict[str, str]:
        """The state of each DAG's run of the night."""
        time.sleep(0.1)  # this is called in a loop, on a machine that is busy with a night
        return self.airflow.run_states(self.note()["run_id"])


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def timed_out(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def ctrl_c(pid: int) -> None:
    os.killpg(pid, signal.SIGINT)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    place = Place(var)
    # A shell without job control makes its background processes ignore a Ctrl-C, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield place
    finally:
        signal.signal(signal.SIGINT, before)
        services.remove(place.blank)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="module")
def interrupted(place: Place) -> dict[str, str]:
    """The output of each call, by the phase it was interrupted in. In the end `kvalitet down` is called."""
    said = {}
    said["making the server"] = place.interrupt(lambda: place.files("server/data/PG_VERSION"), killed)
    said["making Airflow's database"] = place.interrupt(lambda: place.files("log/airflow-migrate.log"), ctrl_c)
    said["starting Airflow"] = place.interrupt(lambda: place.files("log/airflow-dag-processor.log"), timed_out)
    said["half delivered"] = place.interrupt(lambda: place.files("inbox/*/sager*.csv"), killed)
    assert not place.files("inbox/bif_complaints/klager_*.csv"), "the last file of a night"
    said["delivered"] = place.interrupt(lambda: place.files("inbox/bif_complaints/klager_*.csv"), killed)
    assert not place.runs()
    said["half triggered"] = place.interrupt(place.runs, ctrl_c)
    assert "indicators" not in place.runs(), "triggered after all extractions"
    said["extracting"] = place.interrupt(lambda: "success" in place.runs().values(), timed_out)
    said["building"] = place.interrupt(
        lambda: place.rows("select from audit.model_run join audit.build using (build_id)"), ctrl_c
    )
    services.down(place.settings)
    return said


@pytest.fixture(scope="module")
def two_at_once(place: Place, interrupted: dict[str, str]) -> list[str]:
    """The output of two calls that continue the night at once."""
    calls = [place.call(), place.call()]
    said = [call.communicate(timeout=900)[0] for call in calls]
    print(*said, sep="\n")
    assert [call.returncode for call in calls] == [0, 0]
    return said


def test_each_call_says_how_far_the_night_was(interrupted: dict[str, str]) -> None:
    assert "Going on" not in interrupted["starting Airflow"] + interrupted["half delivered"]
    assert "was interrupted before its extractions were triggered. Going on with it" in interrupted["delivered"]
    assert "was interrupted before its extractions were triggered. Going on with it" in interrupted["half triggered"]
    assert "files delivered" not in interrupted["half triggered"], "they were there"
    assert "extractions were triggered, its build was not. Going on with it" in interrupted["extracting"]
    assert "extractions have ended, its build has not. Going on with it" in interrupted["building"]
    assert "`kvalitet run` watches it again" in interrupted["building"]


def test_two_calls_at_once_join_the_night(place: Place, two_at_once: list[str]) -> None:
    assert all("Going on with it" in said for said in two_at_once)
    assert all("publication 1, from build" in said for said in two_at_once)


def test_begun_night_is_published_whole(place: Place, two_at_once: list[str]) -> None:
    """The next night is not delivered."""
    assert [file.name for file in place.files("inbox/bif_complaints/klager_*")] == ["klager_2025-01-02.csv"]
    assert fetch_all(place.settings, BI, "select publication_id from reporting.publication") == [{"publication_id": 1}]
    assert place.rows("select count(distinct owner) as owners from audit.build") == [{"owners": 1}]
    assert place.rows("select source_id from audit.load group by 1 having count(*) > 1") == [], "no doubled load"
    assert place.rows("select stale_reason from audit.build_load where is_stale") == []
    assert not place.files("inbox/*/*.part") and not place.files("run/night.json")


@pytest.fixture(scope="module")
def second(place: Place, two_at_once: list[str]) -> str:
    """The output of the call after the published night, up to the triggering of its extractions."""
    return place.interrupt(lambda: place.note() and "indicators" in place.runs(), ctrl_c)


def test_next_call_delivers_the_next_night(place: Place, second: str) -> None:
    assert "Going on" not in second
    assert "Night 2: 13 files delivered" in second
    assert place.note()["sample"] == {"night": 2, "complaints": 2000}


def test_failed_night_goes_on_until_marked_done(place: Place, second: str) -> None:
    note = place.note()
    place.mark(note["run_id"], "failed")
    said = place.interrupt(lambda: place.runs()["indicators"] in ("queued", "running"), ctrl_c)
    assert "its build was broken off. Going on with it" in said
    assert place.note() == note

    place.mark(note["run_id"], "success")
    said = place.interrupt(lambda: place.note() not in (note, {}), ctrl_c)
    assert "has ended meanwhile. Published: nothing" in said
    assert place.note()["sample"] == {"night": 3, "complaints": 2000}
