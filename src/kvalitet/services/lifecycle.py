"""Start and end everything that an installation runs."""

import fcntl
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, processes
from kvalitet.settings import Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.server_place import Say

if TYPE_CHECKING:
    from kvalitet.warehouse.admin import Prepared

#: All that an installation makes in its run folder; nothing else there is ever deleted.
MADE = ("run", "log", "secrets", "airflow", "inbox", "fetched", "landing", "spool", "site", "server", "dbt", "uv")
#: By the names that their logs and notes have: airflow-scheduler and so on.
_PROCESSES = {f"airflow-{name}": arguments for name, arguments in airflow.COMPONENTS.items()}
_API = "airflow-api-server"
_HEALTHY_WITHIN = 300  # seconds; half a minute as a rule, minutes on a machine that is busy


@dataclass(frozen=True)
class ServiceStatus:
    """One service: `detail` says where it is, or what it last said."""

    name: str
    is_running: bool
    detail: str


def up(settings: Settings, with_airflow: bool = True, say: Say = print) -> Settings:
    """Start what does not run yet: Postgres, the warehouse in it, and Airflow.

    Returns the settings with the server's address. Raises KvalitetError with what mends it.
    """
    with _only_one(settings):
        began = time.monotonic()
        _make_folders(settings)
        settings = server.start(settings, say)
        say(f"Postgres: {settings.server} ({time.monotonic() - began:.1f} s)")
        began = time.monotonic()
        for right in migrate(settings).lacking:
            say(right.news)
        say(f"Warehouse: roles, migrations and raw tables ({time.monotonic() - began:.1f} s)")
        if with_airflow:
            _start_airflow(settings, say)
    return settings


def migrate(settings: Settings) -> "Prepared":
    """Make or update the warehouse's roles, schemas and raw tables; returns what was added and what is lacking.

    With a server of your own this needs KVALITET_ADMIN_URL; nothing else does.
    """
    from kvalitet.warehouse.admin import prepare  # alembic: dear to import for `down` and `status`

    return prepare(settings, server.admin_url(settings))


def down(settings: Settings, say: Say = print) -> None:
    """End what `up` started, and nothing else."""
    with _only_one(settings):
        # New tasks first; the API server stays until the running tasks have reported to it.
        others = [name for name in _PROCESSES if name != _API]
        for names in (others, [_API]):
            for name in processes.end(settings, names):
                say(f"Ended: {name}")
        if server.stop(settings):
            say("Ended: Postgres")


def remove(settings: Settings, say: Say = print) -> None:
    """End everything and delete what was made in the run folder, and for it outside the checkout.

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
    """Postgres and each component of Airflow; nothing is started or changed."""
    postgres, noted = server.status(settings), processes.running(settings)
    if server.is_embedded():
        found = [ServiceStatus("postgres", postgres.is_running, postgres.address)]
    else:
        found = [ServiceStatus("postgres", True, f"{settings.server} (own server, not started by us)")]
    for name in _PROCESSES:
        detail = str(processes.log_file(settings, name))
        if name == _API and name in noted:
            detail = airflow.airflow_address(settings).url
        found.append(ServiceStatus(name, name in noted, detail))
    return found


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Two commands at once take turns: the second finds what the first has started."""
    folder = settings.var / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "services.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folders(settings: Settings) -> None:
    """What holds personal data, secrets or logs is closed to other users of the machine."""
    for name in ("log", "secrets", "airflow", "inbox", "spool"):
        folder = settings.var / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def _start_airflow(settings: Settings, say: Say) -> None:
    began = time.monotonic()
    noted = processes.running(settings)
    _choose_port(settings, _API in noted, say)
    # What began on a server that has died since may still be about to end of it: it starts anew as well.
    digest = f"{airflow.configure(settings)} {server.status(settings).pid if server.is_embedded() else ''}"
    outdated = [name for name, note in noted.items() if note.digest != digest]
    if outdated:
        say("Airflow: its configuration or its server has changed, its processes start anew")
        processes.end(settings, outdated)
    if airflow.prepare_database(settings):
        say("Airflow: setting up its database …")
        airflow.migrate_database(settings)
        say(f"Airflow: database is ready ({time.monotonic() - began:.1f} s)")
    noted, env = processes.running(settings), airflow.airflow_env(settings)
    for name, arguments in _PROCESSES.items():
        if name not in noted:
            processes.launch(settings, name, [sys.executable, "-m", "airflow", *arguments], env, digest)
    _wait_until_healthy(settings, say)
    say(f"Airflow: {airflow.airflow_address(settings).url} ({time.monotonic() - began:.1f} s)")


def _choose_port(settings: Settings, is_ours: bool, say: Say) -> None:
    file = airflow.address_file(settings)
    port = int(file.read_text().rpartition(":")[2]) if file.is_file() else 0
    if port and (is_ours or server.is_free(port)):
        return
    chosen = server.free_port(taken=frozenset({port, settings.host_and_port[1]}))
    if port:
        say(f"Port {port} is taken; Airflow is now at 127.0.0.1:{chosen}")
    file.write_text(f"127.0.0.1:{chosen}\n")


def _wait_until_healthy(settings: Settings, say: Say) -> None:
    """Until every component reports itself healthy. Raises KvalitetError where one ends, or takes too long."""
    url = f"{airflow.airflow_address(settings).url}/api/v2/monitor/health"
    deadline, told = time.monotonic() + _HEALTHY_WITHIN, ""
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            waiting = _unhealthy(client, url)
            if not waiting:
                return
            ended = [name for name in _PROCESSES if name not in processes.running(settings)]
            if ended or time.monotonic() > deadline:
                name = ended[0] if ended else _API
                log = processes.log_file(settings, name)
                what = f"{name} ended" if ended else f"Airflow is not healthy: {waiting}"
                raise KvalitetError(f"{what}. {_last_words(log)}", f"Its log: {log}. Then: `kvalitet up`.")
            if waiting != told:
                say(f"Airflow: waiting for {waiting} …")
                told = waiting
            time.sleep(0.5)


def _unhealthy(client: httpx.Client, url: str) -> str:
    try:
        health = client.get(url).raise_for_status().json()
    except httpx.HTTPError:
        return "the API server"
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return ", ".join(part for part in parts if (health.get(part) or {}).get("status") != "healthy")


def _last_words(log) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    said = [line.strip() for line in lines[-40:] if "Error" in line or "error" in line]
    return said[-1][:300] if said else ""
