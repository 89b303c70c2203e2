"""The note of the night that was begun: whole or not there, one night at a time, whoever calls."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kvalitet.conductor.begun import begin, begun_night, forget, one_at_a_time
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

#: Takes its turn in the folder given, says so, and keeps it.
HOLDS = """
import sys, time
from pathlib import Path
from kvalitet.conductor.begun import one_at_a_time
from kvalitet.settings import Settings
with one_at_a_time(Settings(Path(), Path(sys.argv[1]), "", "127.0.0.1:1", "kvalitet")):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    (tmp_path / "var" / "run").mkdir(parents=True)
    return Settings(root=tmp_path, var=tmp_path / "var", inbox="", server="127.0.0.1:1", database="kvalitet")


def test_begun_night_is_read_back_until_it_is_forgotten(place: Settings) -> None:
    assert begun_night(place) is None
    night = begin(place, {"night": 2, "complaints": 2000})
    assert begun_night(place) == night
    assert night.owner == f"airflow {night.run_id}"
    forget(place, night)
    assert begun_night(place) is None


def test_forgetting_an_older_night_leaves_the_newer_ones_note(place: Settings) -> None:
    older = begin(place, None)
    newer = begin(place, None)
    forget(place, older)
    assert begun_night(place) == newer


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": "x"}', '{"run_id": "x", "since": "?", "sample": null}'])
def test_note_that_cannot_be_read_is_named_with_what_to_do(place: Settings, text: str) -> None:
    (place.var / "run" / "night.json").write_text(text)
    with pytest.raises(KvalitetError, match=r"night\.json.* cannot be read") as error:
        begun_night(place)
    assert error.value.remedy and "Delete it" in error.value.remedy


def test_note_cut_short_by_a_kill_is_never_seen(place: Settings) -> None:
    night = begin(place, None)
    (place.var / "run" / "night.partial").write_text('{"run_')
    assert begun_night(place) == night


def test_second_caller_is_told_who_is_at_work_and_gets_its_turn_when_that_one_is_killed(place: Settings) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(place.var)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    waited_for = []

    def kill(pid: str) -> None:
        waited_for.append(int(pid))
        os.kill(holder.pid, signal.SIGKILL)

    began = time.monotonic()
    with one_at_a_time(place, kill):
        assert waited_for == [holder.pid]
        assert time.monotonic() - began < 30
    holder.communicate()
