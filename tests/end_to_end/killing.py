"""Finds each kind of Airflow's processes of one installation, kills it, and finds what it left behind."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg

from kvalitet.services import processes
from kvalitet.services.airflow import database_name
from kvalitet.settings import Settings
from kvalitet.warehouse import server

LEADERS = {"scheduler": "airflow-scheduler", "triggerer": "airflow-triggerer", "dag-processor": "airflow-dag-processor"}
#: The kinds of process that a night can lose. A worker that runs a task is that task's supervisor.
KINDS = (*LEADERS, "API server", "idle worker", "task supervisor", "task process", "trigger runner", "parse process")


@dataclass
class Killer:
    """Knows the sessions of every start it was shown, and so finds their processes even after the leader's death."""

    place: Settings
    sessions: set[int] = field(default_factory=set)

    def note_start(self) -> None:
        self.sessions |= set(self._leaders().values())

    def find(self, kind: str) -> list[psutil.Process]:
        leaders = self._leaders()
        if kind in LEADERS or kind == "API server":
            pid = leaders.get(LEADERS.get(kind, "airflow-api-server"))
            return [psutil.Process(pid)] if pid else []
        parent = {"trigger runner": "airflow-triggerer", "parse process": "airflow-dag-processor"}.get(
            kind, "airflow-scheduler"
        )
        children = _children(leaders.get(parent))
        if parent != "airflow-scheduler":
            return children
        titled = {child: _title(child) for child in children}
        workers = {child: title for child, title in titled.items() if title.startswith("airflow worker -- LocalExec")}
        busy = [child for child, title in workers.items() if not title.endswith("<idle>")]
        match kind:
            case "idle worker":
                return [child for child in workers if child not in busy]
            case "task supervisor":
                return busy
        return [task for supervisor in busy for task in _children(supervisor.pid)]

    def kill(self, process: psutil.Process) -> str:
        """Kill the process and return its title for the record."""
        title = _title(process)
        with suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)
        return f"{process.pid} {title}"

    def orphans(self) -> list[str]:
        """All processes of starts whose leader is dead, and processes of living starts whose parent is dead."""
        leaders = set(self._leaders().values())
        found = []
        for process in psutil.process_iter():
            session = _session(process)
            if session in self.sessions and process.pid not in leaders and _lives(process):
                is_of_a_living_start = session in leaders and _sid(_parent(process)) == session
                found += [] if is_of_a_living_start else [f"{process.pid} {_title(process)}"]
        return found

    def left_behind(self) -> list[str]:
        """Every process of any start, for use after all of them were ended."""
        return [f"{p.pid} {_title(p)}" for p in psutil.process_iter() if _session(p) in self.sessions and _lives(p)]

    def abandoned_sessions(self) -> list[str]:
        """Database sessions whose client is no living process of a living start."""
        living = set(self._leaders().values())
        owners: dict[int, set[int | None]] = {}
        for connection in psutil.net_connections("inet"):
            if connection.laddr:
                owners.setdefault(connection.laddr.port, set()).add(connection.pid)
        found = []
        for pid, port, state, query in self._backends():
            pids = {owner for owner in owners.get(port, set()) if owner}
            if not any(owner == os.getpid() or _sid(owner) in living for owner in pids):
                found.append(f"{pid} {state}: {query}")
        return found

    def _backends(self) -> Iterator[tuple[int, int, str, str]]:
        names = [database_name(self.place), self.place.database]
        with psycopg.connect(server.admin_url(self.place), autocommit=True) as admin:
            yield from admin.execute(
                "select pid, client_port, state, left(query, 80) from pg_stat_activity"
                " where datname = any(%s) and client_port is not null",
                [names],
            ).fetchall()

    def _leaders(self) -> dict[str, int]:
        return {name: note.pid for name, note in processes.running(self.place).items()}


def _children(pid: int | None) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [child for child in psutil.Process(pid).children() if _lives(child)] if pid else []
    return []


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()).strip()[:100]
    return "gone"


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _parent(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.ppid()
    return 1


def _sid(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _session(process: psutil.Process) -> int | None:
    return _sid(process.pid)
