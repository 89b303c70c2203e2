"""Finds which processes of the machine belong to this installation, even after their parents have died.

Each start of a component has a mark, `kvalitet:<installation>:<component>:<random>`. It is in the environment of the
component and thereby of all that it starts. A process is ours by any of three traces: the mark, a session that a
process of ours leads or has left behind, or a parent that is ours. Only a process that loses all three (by a new
environment, a new session and a dead parent) is not found. The system reuses process numbers, so a number alone is
never a trace.
"""

import hashlib
import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from kvalitet.settings import Settings

VARIABLE = "KVALITET_START"


def prefix(settings: Settings) -> str:
    """The beginning of this installation's marks, which depends on this run folder on this machine.

    It is not an id kept in the run folder, because a copy of the folder must not claim the original's processes.
    """
    return f"kvalitet:{hashlib.sha256(f'{_machine()}:{settings.var}'.encode()).hexdigest()[:12]}:"


def new_mark(settings: Settings, name: str) -> str:
    """A new mark of at most 63 bytes, which is what Postgres keeps of an application_name."""
    return f"{prefix(settings)}{name[:26]}:{secrets.token_hex(4)}"


def environment(mark: str) -> dict[str, str]:
    """The environment of a new component, by which its processes and its database sessions are known."""
    # Airflow's workers rename themselves. Without SPT_NOENV this overwrites the environment that others can read.
    return {
        VARIABLE: mark,
        "PGAPPNAME": mark,
        "SPT_NOENV": "1",
    }


def boot_id() -> str:
    """The machine's boot id, which changes at each start. Empty where the system does not say."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def began(process: psutil.Process) -> float:
    """Seconds from the machine's start to the process' start. Unlike the clock, nobody can set this.

    Raises psutil.NoSuchProcess.
    """
    while True:
        boot = psutil.boot_time()
        since = psutil.Process(process.pid).create_time() - boot  # a new object, as old ones keep the clock's old time
        if psutil.boot_time() == boot:
            return round(since, 2)


def lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@dataclass(frozen=True)
class Member:
    """A process of ours. `is_detached` where it or one above it has lost its parent, so that nobody waits for it."""

    process: psutil.Process
    mark: str
    is_detached: bool


def find_processes(settings: Settings, leaders: Mapping[int, str], left: Mapping[int, str]) -> list[Member]:
    """Every process of this installation.

    `leaders` holds the marks of the noted processes by number, for those that hide their environment. `left` holds the
    marks of those that have died since the machine started, for what stayed behind in their sessions. The calling
    process and those above it are never included.
    """
    seen = {one.process.pid: one for one in _scan()}
    known, begins = set(leaders.values()), prefix(settings)
    ours = {pid: one.mark for pid, one in seen.items() if one.mark in known or one.mark.startswith(begins)}
    ours |= {pid: mark for pid, mark in leaders.items() if pid in seen}
    # A session's number is not reused while one of its members lives, so all its members belong to one start.
    sessions = {
        seen[pid].session: mark
        for pid, mark in ours.items()
        if seen[pid].session > 0 and (seen[pid].session not in seen or seen[pid].session in ours)
    }
    sessions |= {
        pid: mark
        for pid, mark in left.items()
        # Its number may be another's session by now, so its members must also be where ours were started.
        if pid not in seen and all(_stands_in(settings.root, one) for one in seen.values() if one.session == pid)
    }
    strangers = {pid for pid, one in seen.items() if one.mark and pid not in ours}  # of another installation
    for pid, one in seen.items():
        if one.session in sessions and pid not in strangers:
            ours.setdefault(pid, sessions[one.session])
    found = True
    while found:
        found = {
            pid: ours[one.parent]
            for pid, one in seen.items()
            if one.parent in ours and pid not in ours and pid not in strangers
        }
        ours |= found
    for pid in _own_line(seen):
        ours.pop(pid, None)
    detached = {pid for pid in ours if pid not in leaders and seen[pid].parent not in ours}
    while below := {pid for pid in ours if seen[pid].parent in detached} - detached:
        detached |= below
    return [Member(seen[pid].process, mark, pid in detached) for pid, mark in ours.items()]


@dataclass(frozen=True)
class _Seen:
    process: psutil.Process
    parent: int
    session: int
    mark: str  # "" without one, or where it cannot be read


def _scan() -> Iterator[_Seen]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            parent, session = process.ppid(), os.getsid(process.pid)
            mark = ""
            with suppress(psutil.Error, OSError):
                mark = process.environ().get(VARIABLE, "")
            yield _Seen(process, parent, session, mark)


def _stands_in(folder: Path, one: _Seen) -> bool:
    with suppress(psutil.Error, OSError):
        return Path(one.process.cwd()) == folder
    return False


def _own_line(seen: Mapping[int, _Seen]) -> Iterable[int]:
    pid = os.getpid()
    while pid in seen:
        yield pid
        pid = seen[pid].parent


def _machine() -> str:
    """The machine's id, which distinguishes machines that use one database server from equally named folders."""
    with suppress(OSError):
        return Path("/etc/machine-id").read_text().strip() or socket.gethostname()
    return socket.gethostname()
