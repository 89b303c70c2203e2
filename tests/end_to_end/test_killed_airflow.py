"""Each of Airflow's processes is killed at random instants of real nights. After `kvalitet up` the next night
publishes.

`KILL_SEED=… pytest …` draws the same kills again. Which process is hit also depends on how fast the machine is.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from killing import KINDS, Killer
from kvalitet_example import generate

from kvalitet import services
from kvalitet.contracts import load_contracts
from kvalitet.nights.night import mark
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import AUDITOR, BI, Settings
from kvalitet.verification.verify import verify
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
#: Each kind twice, and the scheduler, on which most depends, twice more. A killed task often waits long for a retry.
KILLS = (*KINDS, *KINDS, "scheduler", "scheduler")
#: Per night. A kind that was not hit in this time is hit in the next night.
KILLING_SECONDS = 240
#: The faster a night is, the fewer processes can be hit in it.
MOST_NIGHTS = 12
#: Per night, after its last kill. A killed task first waits until its heartbeat is missed, and then for its retry.
PATIENCE_SECONDS = 600


@dataclass
class Trial:
    """What was done and what was found. `faults` is empty if everything held."""

    place: Settings
    killer: Killer
    random: random.Random
    began: float = field(default_factory=time.monotonic)
    kills: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ended: dict[int, str] = field(default_factory=dict)  # night -> how its run ended

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {what}", flush=True)

    def up(self) -> None:
        services.up(self.place, say=lambda line: self.say(f"    {line}"))
        self.killer.note_start()
        for what, found in (
            ("process of a dead start", self.killer.orphans()),
            ("session of a dead start", self._after(5, self.killer.abandoned_sessions)),
            ("reader's fault", self._half_published()),
            ("doubled load", self._doubled()),
        ):
            for fault in found:
                self.say(f"FAULT {what}: {fault}")
                self.faults.append(f"{what} after kill {len(self.kills)}: {fault}")

    def start(self, night: int) -> str:
        """Deliver a night, trigger all of it, and return its run id."""
        since, run_id = mark(self.place), f"killed_{night}"
        generate(Path(self.place.inbox.removeprefix("file://")), night=night, complaints=2000)
        sources = list(load_contracts(self.place))
        with self._airflow() as airflow:
            give_up = time.monotonic() + 180
            while len(airflow.dags()) < len(sources) + 2 and time.monotonic() < give_up:
                time.sleep(1)
            for dag_id, is_paused in airflow.dags().items():
                if is_paused:
                    airflow.unpause(dag_id)
            for source in sources:
                airflow.trigger(f"extract__{source}", run_id)
            airflow.trigger("indicators", run_id, {"sources": sources, "after_run": since.run_id, "wait_minutes": 60})
        self.say(f"night {night} is triggered")
        return run_id

    def is_over(self, run_id: str) -> bool:
        with self._airflow() as airflow:
            return airflow.run_states(run_id).get("indicators") in ("success", "failed")

    def kill(self, kind: str) -> bool:
        """Kill one process of that kind at a random instant, once one is running."""
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            if self.killer.find(kind):
                time.sleep(self.random.uniform(0, 2))
                if found := self.killer.find(kind):
                    title = self.killer.kill(self.random.choice(found))
                    self.kills.append(kind)
                    self.say(f"kill {len(self.kills):2d}: {kind}: {title}")
                    return True
            time.sleep(0.05)
        return False

    def wait(self, night: int, run_id: str) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not self.is_over(run_id):
            if time.monotonic() > give_up:
                self.faults.append(f"night {night} hangs")
                self.ended[night] = "hangs"
                with self._airflow() as airflow:
                    for task in airflow.tasks(run_id):
                        if task["state"] not in ("success", None):
                            self.say(f"    {task['dag_id']} {task['task_id']} {task['state']}")
                return
            time.sleep(1)
        with self._airflow() as airflow:
            self.ended[night] = airflow.run_states(run_id)["indicators"]
        self.say(f"night {night} ended as {self.ended[night]}, readers see {self.published()}")

    def published(self) -> list[tuple[int, str]]:
        """The publication that readers see, and the cut-off of the newest complaints in it. If the first night was
        broken off, there is nothing to see."""
        if not fetch_all(self.place, AUDITOR, "select from audit.publication"):
            return []
        seen = fetch_all(self.place, BI, "select publication_id, build_id from reporting.publication")
        rests_on = "select delivery from audit.build_load join audit.load using (load_id) where build_id = %(build)s"
        query = f"{rests_on} and load.source_id = 'bif_complaints'"
        return [
            (row["publication_id"], fetch_all(self.place, AUDITOR, query, {"build": row["build_id"]})[0]["delivery"])
            for row in seen
        ]

    def _airflow(self) -> AirflowClient:
        address = services.airflow_address(self.place)
        client = AirflowClient(address.url, address.user, address.password)
        client.sign_in()
        return client

    def _after(self, seconds: float, find) -> list[str]:
        """What is still found after that time, because a server needs a moment to notice that a client is gone."""
        give_up = time.monotonic() + seconds
        while (found := find()) and time.monotonic() < give_up:
            time.sleep(0.5)
        return found

    def _half_published(self) -> list[str]:
        query = "select count(*) as count from audit.publication"
        if not fetch_all(self.place, AUDITOR, query)[0]["count"]:
            return []
        return verify(self.place).faults

    def _doubled(self) -> list[str]:
        query = "select source_id from audit.load"
        query += " where outcome = 'accepted' group by source_id, delivery having count(*) > 1"
        return [row["source_id"] for row in fetch_all(self.place, AUDITOR, query)]


@pytest.fixture(scope="module")
def place() -> Iterator[Settings]:
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    blank = Settings(root=ROOT, var=var, inbox=f"file://{var}/inbox", server="127.0.0.1:0", database="kvalitet")
    os.environ["KVALITET_TIMETABLE"] = "off"
    try:
        yield services.up(blank)
    finally:
        del os.environ["KVALITET_TIMETABLE"]
        services.remove(blank)
        shutil.rmtree(var, ignore_errors=True)


def test_night_after_any_kill_publishes(place: Settings) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nKILL_SEED={seed}")
    trial = Trial(place, Killer(place), random.Random(seed))  # noqa: S311 (draws what to kill)
    trial.up()
    waiting, night = list(KILLS), 0
    trial.random.shuffle(waiting)
    while waiting and night < MOST_NIGHTS and "hangs" not in trial.ended.values():
        night += 1
        run_id = trial.start(night)
        give_up = time.monotonic() + KILLING_SECONDS
        while waiting and not trial.is_over(run_id) and time.monotonic() < give_up:
            time.sleep(trial.random.uniform(0, 6))
            for kind in waiting[: trial.random.choice((1, 2, 2, 3))]:
                waiting.remove(kind)
                if not trial.kill(kind):
                    waiting.append(kind)
            trial.up()
        trial.wait(night, run_id)
    last = night + 1
    trial.wait(last, trial.start(last))
    trial.up()
    services.down(place, say=trial.say)
    assert trial.killer.left_behind() == []
    services.up(place, with_airflow=False)
    assert len(trial.kills) >= 20
    assert set(trial.kills) == set(KINDS)
    assert trial.faults == []
    assert trial.ended[last] == "success"
    assert [delivery for _, delivery in trial.published()] == [f"2025-01-{last + 1:02d}"]
