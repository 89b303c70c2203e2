"""Starts and ends everything that an installation runs."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvalitet.clock import wrong_clock
from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, airflow_start, changes, processes, sessions
from kvalitet.services.health import API, SCHEDULER
from kvalitet.settings import Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.server_place import Say

if TYPE_CHECKING:
    from kvalitet.services.preparing import Prepared

#: All that an installation makes in its run folder. Nothing else there is ever deleted.
MADE = ("run", "log", "secrets", "airflow", "inbox", "fetched", "landing", "spool", "site", "server", "dbt", "uv")
_LOOK_AGAIN_SECONDS = 5  # for the end of a night


@dataclass(frozen=True)
class ServiceStatus:
    """One service. `detail` says where it is, or its last message."""

    name: str
    is_running: bool
    detail: str


def up(
    settings: Settings, with_airflow: bool = True, say: Say = print, wait: bool = False, now: bool = False
) -> Settings:
    """Start what is not running: Postgres, the warehouse in it, and Airflow. End what an ended start left.

    Where settings have changed while a night runs, `wait` waits for its end, and `now` breaks it off. With neither,
    nothing is changed and NightRuns is raised. Returns the settings with the server's address. Raises KvalitetError
    that says how to correct the problem.
    """
    told = False
    while True:
        try:
            with _only_one(settings):
                return _up(settings, with_airflow, say, now)
        except changes.NightRuns as error:
            if not wait or SCHEDULER not in processes.running(settings):
                raise
            if not told:
                say(f"{error.what} Waiting for its end …")
                told = True
        time.sleep(_LOOK_AGAIN_SECONDS)  # outside the lock, so that `kvalitet down` need not wait too


def _up(settings: Settings, with_airflow: bool, say: Say, now: bool) -> Settings:
    began = time.monotonic()
    _make_folders(settings)
    _end_orphans(settings, say)
    settings = server.start(settings, say)
    _end_sessions(settings, say)
    if with_airflow and not now:
        changed = changes.differing(processes.running(settings), airflow_start.wanted(settings))
        changes.refuse_while_night_runs(settings, changed, SCHEDULER in processes.running(settings))
    say(f"Postgres: {settings.server} ({time.monotonic() - began:.1f} s)")
    began = time.monotonic()
    for right in migrate(settings).lacking:
        say(right.news)
    say(f"Warehouse: roles, migrations and raw tables ({time.monotonic() - began:.1f} s)")
    if wrong := wrong_clock(settings):
        say(f"Clock: {wrong} See docs/runbook.md, The clock is wrong.")
    if with_airflow:
        airflow_start.start(settings, say)
    return settings


def migrate(settings: Settings) -> "Prepared":
    """Make or update the warehouse's roles, schemas and raw tables. Returns what was added and what is lacking.

    With a server of your own this needs KVALITET_ADMIN_URL. Nothing else does.
    """
    from kvalitet.services.preparing import prepare  # alembic is slow to import for `down` and `status`

    return prepare(settings, server.admin_url(settings))


def down(settings: Settings, say: Say = print) -> None:
    """End what `up` started, including what an earlier start left behind, and nothing else."""
    with _only_one(settings):
        _end_orphans(settings, say)  # while the notes still say which processes are ours
        # New tasks are stopped first. The API server stays until the running tasks have reported to it.
        others = [name for name in airflow_start.PROCESSES if name != API]
        for names in (others, [API]):
            for name in processes.end(settings, names):
                say(f"Ended: {name}")
        _end_orphans(settings, say)
        _end_sessions(settings, say)
        if server.stop(settings):
            say("Ended: Postgres")


def remove(settings: Settings, say: Say = print) -> None:
    """End everything, and delete what was made in the run folder and what was made for it outside the checkout.

    With a server of your own its data stays, and so do the keys and passwords that belong to it.
    """
    down(settings, say)
    server.remove(settings)
    for name in MADE:
        if name in ("secrets", "landing") and not server.is_embedded():
            say(f"Kept: {settings.var / name} (it belongs to {settings.server})")
            continue
        shutil.rmtree(settings.var / name, ignore_errors=True)
    with suppress(OSError):
        settings.var.rmdir()


def status(settings: Settings) -> list[ServiceStatus]:
    """Postgres and each component of Airflow. Nothing is started or changed."""
    postgres, noted = server.status(settings), processes.running(settings)
    if server.is_embedded():
        found = [ServiceStatus("postgres", postgres.is_running, postgres.address)]
    else:
        found = [ServiceStatus("postgres", True, f"{settings.server} (own server, not started by us)")]
    for name in airflow_start.PROCESSES:
        detail = str(processes.log_file(settings, name))
        if name == API and name in noted:
            detail = airflow.airflow_address(settings).url
        found.append(ServiceStatus(name, name in noted, detail))
    return found


def is_at_work(settings: Settings) -> bool:
    """Whether an `up` or `down` is under way, so that not all processes are noted yet."""
    with open(settings.var / "run" / "services.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Let two commands at once take turns. The second finds what the first has started."""
    folder = settings.var / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "services.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folders(settings: Settings) -> None:
    """Make the folders for personal data, secrets and logs, closed to other users of the machine."""
    for name in ("log", "secrets", "airflow", "inbox", "spool"):
        folder = settings.var / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def _end_orphans(settings: Settings, say: Say) -> None:
    if ended := processes.end_orphans(settings):
        say(f"Ended: {ended} processes whose start or parent had died")


def _end_sessions(settings: Settings, say: Say) -> None:
    if not processes.was_started(settings):
        return
    try:
        if ended := sessions.end_of_ended_starts(settings):
            say(f"Ended: {ended} database sessions of a start that had ended")
    except KvalitetError as error:
        if not server.is_embedded():  # sessions of an embedded server have ended with it
            say(f"Not looked for: database sessions of ended starts. {error.what}")
