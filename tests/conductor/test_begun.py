"""The note of the night that was begun is whole or not there, and only one process at a time works on a night."""

import os
import signal
import subprocess
import sys
import time

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.nights.begun import begin, begun_night, forget, one_at_a_time
from kvalitet.settings import Settings

#: Takes its turn in the given folder, prints that it has it, and keeps it.
HOLDS = """
import sys, time
from pathlib import Path
from kvalitet.nights.begun import one_at_a_time
from kvalitet.settings import Settings
with one_at_a_time(Settings(Path(), Path(sys.argv[1]), "", "127.0.0.1:1", "kvalitet")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_begun_night_is_kept_until_forgotten(settings: Settings) -> None:
    assert begun_night(settings) is None
    night = begin(settings, {"night": 2, "complaints": 2000})
    assert begun_night(settings) == night
    assert night.owner == f"airflow {night.run_id}"
    forget(settings, night)
    assert begun_night(settings) is None


def test_forgetting_keeps_a_newer_note(settings: Settings) -> None:
    older = begin(settings, None)
    newer = begin(settings, None)
    forget(settings, older)
    assert begun_night(settings) == newer


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"run_id": "x"}', '{"run_id": "x", "begun_at": "?", "since": {}, "sample": null}']
)
def test_unreadable_note_says_what_to_do(settings: Settings, text: str) -> None:
    (settings.var / "run" / "night.json").write_text(text)
    with pytest.raises(KvalitetError, match=r"night\.json.* cannot be read") as error:
        begun_night(settings)
    assert error.value.remedy and "Delete it" in error.value.remedy


def test_note_cut_short_is_never_seen(settings: Settings) -> None:
    night = begin(settings, None)
    (settings.var / "run" / "night.partial").write_text('{"run_')
    assert begun_night(settings) == night


def test_second_caller_waits_for_its_turn(settings: Settings) -> None:
    """It is told who is at work, and begins when that one is killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(settings.var)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    waited_for = []

    def kill(pid: str) -> None:
        waited_for.append(int(pid))
        os.kill(holder.pid, signal.SIGKILL)

    began = time.monotonic()
    with one_at_a_time(settings, kill):
        assert waited_for == [holder.pid]
        assert time.monotonic() - began < 30
    holder.communicate()
