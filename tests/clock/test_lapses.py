"""A dead build's claim lapses after its seconds, and a live build's claim never does, whatever any clock is set to."""

import subprocess
import sys
import time

import psycopg
import pytest

from kvalitet.build import builds
from kvalitet.build.builds import begin_build, end_lapsed_builds, get_build, heartbeat
from kvalitet.clock import lapses
from kvalitet.clock.counted import Tick, tick
from kvalitet.settings import LOADER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

LAPSE = 600.0
ELSEWHERE = "KVALITET_DATABASE_URL"


@pytest.fixture
def build_id(settings: Settings) -> int:
    """A build that has claimed the candidate and gives no further sign of life."""
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at) values ('organisation', 'x', '2025-01-02', 'x', 'accepted', '1', '1', now())"
        )
    return begin_build(settings, owner="a process that was killed").build_id


class Machine:
    """What `tick` returns in a process of another machine, or later on this one."""

    def __init__(self, boot: str = "another", namespace: str = "1", seconds: float = 50_000.0) -> None:
        self.boot, self.namespace, self.seconds = boot, namespace, seconds

    def __call__(self) -> Tick:
        return Tick(self.boot, f"{self.boot}/{self.namespace}", self.seconds)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Let this process judge claims and send heartbeats as another machine."""

    def become(found: Machine) -> Machine:
        monkeypatch.setattr(lapses, "tick", found)
        return found

    return become


def later(seconds: float) -> Machine:
    """This machine, some seconds later."""
    now = tick()
    return Machine(now.boot, now.clock.partition("/")[2], now.seconds + seconds)


def set_clock(settings: Settings, interval: str) -> None:
    """As if the server's clock had been set meanwhile: every recorded instant is off by that much."""
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("update audit.build set heartbeat_at = heartbeat_at + %s::interval", [interval])


@pytest.mark.parametrize("step", ["0", "1 day", "-1 day"])
def test_claim_lapses_whatever_the_clock_says(settings, build_id, machine, step) -> None:
    set_clock(settings, step)
    machine(later(LAPSE - 5))
    assert end_lapsed_builds(settings) == []
    machine(later(LAPSE + 5))
    assert end_lapsed_builds(settings) == [build_id]


@pytest.mark.parametrize("step", ["1 day", "-1 day"])
def test_live_build_keeps_claim_when_clock_is_set(settings, build_id, step) -> None:
    with heartbeat(settings, build_id, TRANSFORMER):
        set_clock(settings, step)
        assert end_lapsed_builds(settings) == []


def test_other_machine_counts_from_first_look(settings, build_id, machine, monkeypatch) -> None:
    monkeypatch.setenv(ELSEWHERE, "postgresql://somewhere/kvalitet")
    judge = machine(Machine())
    assert end_lapsed_builds(settings) == [], "it has only just looked"
    judge.seconds += LAPSE - 5
    assert end_lapsed_builds(settings) == []
    judge.seconds += 10
    assert end_lapsed_builds(settings) == [build_id]


def test_heartbeat_restarts_the_count(settings, build_id, machine, monkeypatch) -> None:
    monkeypatch.setenv(ELSEWHERE, "postgresql://somewhere/kvalitet")
    beating, judge = later(0), Machine()
    machine(judge)
    end_lapsed_builds(settings)
    machine(beating)
    with heartbeat(settings, build_id, TRANSFORMER):
        pass
    machine(judge)
    judge.seconds += LAPSE + 5
    assert end_lapsed_builds(settings) == [], "this heartbeat is new to it"
    judge.seconds += LAPSE + 5
    assert end_lapsed_builds(settings) == [build_id]


def test_judges_of_two_machines_count_apart(settings, build_id, machine, monkeypatch) -> None:
    monkeypatch.setenv(ELSEWHERE, "postgresql://somewhere/kvalitet")
    for boot in ("one", "two"):
        for seconds in (100.0, 100.0 + LAPSE / 2):
            machine(Machine(boot, seconds=seconds))
            assert end_lapsed_builds(settings) == []


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_count_of_another_boot_is_not_compared(settings, build_id, machine, monkeypatch, seconds):
    monkeypatch.setenv(ELSEWHERE, "postgresql://somewhere/kvalitet")
    machine(Machine("this machine after it was started anew", seconds=seconds))
    assert end_lapsed_builds(settings) == []


def test_embedded_claim_lapses_after_reboot(settings, build_id, machine) -> None:
    machine(Machine("this machine after it was started anew", seconds=30.0))
    assert end_lapsed_builds(settings) == [build_id]


def test_container_counts_as_another_machine(settings, build_id, machine) -> None:
    mine = later(0)
    machine(Machine(mine.boot, "a namespace that counts from a year ago", mine.seconds + 3e7))
    assert end_lapsed_builds(settings) == []


def test_count_behind_is_another_machines(settings, build_id, machine) -> None:
    """Two copies of a virtual machine continue from the same start."""
    machine(later(-10_000))
    assert end_lapsed_builds(settings) == []
    judge = machine(later(-10_000 + LAPSE + 5))
    assert end_lapsed_builds(settings) == [build_id]
    assert judge.seconds < tick().seconds


def test_claim_before_migration_is_watched(settings, build_id, machine) -> None:
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("update audit.build set heartbeats = 0, heartbeat_clock = null, heartbeat_seconds = null")
    machine(later(1))
    assert end_lapsed_builds(settings) == []
    machine(later(LAPSE + 5))
    assert end_lapsed_builds(settings) == [build_id]


def test_heartbeat_of_older_version_counts(settings, build_id, machine) -> None:
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("update audit.build set heartbeats = 0, heartbeat_clock = null, heartbeat_seconds = null")
    for seconds in (1, LAPSE - 5, 2 * LAPSE - 50):
        machine(later(seconds))
        assert end_lapsed_builds(settings) == []
        set_clock(settings, "15 s")  # an older version writes only this
    machine(later(3 * LAPSE))
    assert end_lapsed_builds(settings) == [], "the last one was seen only now"


def test_nothing_is_kept_of_ended_builds(settings, build_id) -> None:
    end_lapsed_builds(settings)
    builds.fail_if_live(settings, build_id, "ended")
    end_lapsed_builds(settings)
    with connect(settings, TRANSFORMER) as connection:
        assert connection.execute("select * from audit.build_watch").fetchall() == []


def test_killed_process_loses_claim_to_another(settings: Settings, build_id, monkeypatch, tmp_path) -> None:
    """Two real processes on one machine have the same count of seconds."""
    program = (
        "import sys, time; from pathlib import Path; from kvalitet.settings import Settings, TRANSFORMER;"
        " from kvalitet.build import builds; builds.HEARTBEAT_SECONDS = 0.2\n"
        "with builds.heartbeat(Settings(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6]), int(sys.argv[6]),"
        " TRANSFORMER):\n    print('beating', flush=True); time.sleep(60)"
    )
    facts = [str(settings.root), str(settings.var), settings.inbox, settings.server, settings.database, str(build_id)]
    process = subprocess.Popen([sys.executable, "-c", program, *facts], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "beating\n"
    monkeypatch.setenv("KVALITET_CLAIM_LAPSE_SECONDS", "2")
    set_clock(settings, "-1 day")
    time.sleep(2.5)
    assert end_lapsed_builds(settings) == [], "it lives"
    process.kill()
    process.wait()
    set_clock(settings, "1 day")
    give_up = time.monotonic() + 10
    while not (ended := end_lapsed_builds(settings)):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert ended == [build_id] and get_build(settings, build_id).status == "lapsed"


def test_only_the_transformer_may_watch(settings: Settings, build_id) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(settings, LOADER) as connection:
        connection.execute("delete from audit.build_watch")
