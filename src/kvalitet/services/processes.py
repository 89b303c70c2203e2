"""Long-lived processes: started apart from the terminal, found again, ended with their children.

var/run/processes.json notes each with its number and when it began, so that a number that has
gone to somebody else's process is never taken for ours.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from kvalitet.settings import Settings

_LOG_LIMIT = 20 * 2**20  # bytes; a longer log is set aside when its process starts anew


@dataclass(frozen=True)
class Noted:
    """One process as it was started; `began` is in seconds since the machine's start."""

    pid: int
    began: float
    digest: str  # of the configuration it was started with


def log_file(settings: Settings, name: str) -> Path:
    return settings.var / "log" / f"{name}.log"


def running(settings: Settings) -> dict[str, Noted]:
    """The noted processes that still run, by name."""
    file = _notes(settings)
    noted = json.loads(file.read_text()) if file.is_file() else {}
    return {name: note for name, fields in noted.items() if _process(note := Noted(**fields))}


def launch(settings: Settings, name: str, command: Sequence[str], env: Mapping[str, str], digest: str) -> None:
    """Start `command` in a session of its own, so that neither Ctrl-C nor a closed terminal ends it."""
    log = log_file(settings, name)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with open(log, "ab") as out:
        child = subprocess.Popen(
            command,
            cwd=settings.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    child.returncode = 0  # it outlives us on purpose: no warning when this object goes
    _write(settings, running(settings) | {name: Noted(child.pid, _began(psutil.Process(child.pid)), digest)})


def end(settings: Settings, names: Iterable[str], patience: float = 20) -> list[str]:
    """End the named processes that run, and all that they started; returns the names.

    Each is asked with SIGTERM; after `patience` seconds its remaining tree is asked too, then killed.
    """
    noted = running(settings)
    leaders = {name: process for name in names if name in noted and (process := _process(noted[name]))}
    family = _families(leaders.values())
    for process in leaders.values():
        _send(process, signal.SIGTERM)
    psutil.wait_procs(list(leaders.values()), timeout=patience)
    family |= _families(leaders.values())
    for last_word in (signal.SIGTERM, signal.SIGKILL):
        left = [process for process in family if _lives(process)]
        for process in left:
            _send(process, last_word)
        psutil.wait_procs(left, timeout=5)
    _write(settings, {name: note for name, note in running(settings).items() if name not in leaders})
    return list(leaders)


def _notes(settings: Settings) -> Path:
    return settings.var / "run" / "processes.json"


def _write(settings: Settings, notes: Mapping[str, Noted]) -> None:
    file = _notes(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({name: vars(note) for name, note in notes.items()}, indent=2) + "\n")
    partial.replace(file)


def _process(note: Noted) -> psutil.Process | None:
    with suppress(psutil.Error):
        process = psutil.Process(note.pid)
        if abs(_began(process) - note.began) < 0.1 and _lives(process):
            return process
    return None


def _began(process: psutil.Process) -> float:
    """Since the machine's start: unlike the clock's time, nobody sets that."""
    return process.create_time() - psutil.boot_time()


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _families(leaders: Iterable[psutil.Process]) -> set[psutil.Process]:
    """The leaders, their descendants, and whoever else is in their sessions."""
    found: set[psutil.Process] = set()
    sessions = {leader.pid for leader in leaders}
    for leader in leaders:
        found.add(leader)
        with suppress(psutil.Error):
            found.update(leader.children(recursive=True))
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) in sessions:
                found.add(process)
    return found


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)
