"""Processes are found again, ended with all they started, and never mistaken for somebody else's."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kvalitet.services import processes
from kvalitet.settings import Settings

SLEEPS = "import time; time.sleep(60)"
#: Starts a child in its own group that ignores SIGTERM, and says its number.
HAS_A_CHILD = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); {SLEEPS}"],
                         process_group=0)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(root=tmp_path, var=tmp_path / "var", inbox="", server="127.0.0.1:1", database="kvalitet")
    yield settings
    processes.end(settings, list(processes.running(settings)), patience=1)


def launch(place: Settings, name: str, code: str) -> int:
    processes.launch(place, name, [sys.executable, "-c", code], dict(os.environ))
    return processes.running(place)[name].pid


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_process_is_found_again_and_ended(place: Settings) -> None:
    first, second = launch(place, "first", SLEEPS), launch(place, "second", SLEEPS)
    assert os.getsid(first) == first, "a session of its own: Ctrl-C in the terminal does not reach it"
    assert processes.end(place, ["first", "unknown"]) == ["first"]
    assert not lives(first)
    assert lives(second)
    assert list(processes.running(place)) == ["second"]


@pytest.mark.slow
def test_children_end_too_even_those_that_ignore_the_request(place: Settings) -> None:
    launch(place, "parent", HAS_A_CHILD)
    log = processes.log_file(place, "parent")
    deadline = time.monotonic() + 10
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(log.read_text())
    processes.end(place, ["parent"], patience=1)
    assert not lives(child)


def test_a_number_that_went_to_another_process_is_left_alone(place: Settings) -> None:
    launch(place, "ours", SLEEPS)
    other = psutil.Popen([sys.executable, "-c", SLEEPS])
    notes = place.var / "run" / "processes.json"
    noted = json.loads(notes.read_text())
    noted["theirs"] = noted["ours"] | {"pid": other.pid, "began": noted["ours"]["began"] - 100}
    notes.write_text(json.dumps(noted))
    assert processes.end(place, ["theirs"]) == []
    assert other.is_running()
    other.kill()
    other.wait()


def test_a_process_that_was_killed_is_not_running(place: Settings) -> None:
    pid = launch(place, "killed", SLEEPS)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes.running(place) == {}
