"""Real Postgres and all of Airflow come up healthy, keep running, and end without a trace."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from kvalitet import services
from kvalitet.services import airflow, processes
from kvalitet.settings import Settings
from kvalitet.warehouse import server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place() -> Iterator[Settings]:
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    settings = Settings(root=ROOT, var=var, inbox=f"file://{var}/inbox", server="127.0.0.1:0", database="kvalitet")
    yield settings
    services.remove(settings)
    shutil.rmtree(var, ignore_errors=True)


def pids(place: Settings) -> dict[str, int]:
    return {name: note.pid for name, note in processes.running(place).items()}


def of_this_installation(place: Settings) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("KVALITET_VAR") == str(place.var) or str(place.var) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def listens(place: Settings) -> set[str]:
    ours = {process.pid for process in of_this_installation(place)} | set(pids(place).values())
    ours |= {child.pid for pid in pids(place).values() for child in psutil.Process(pid).children(recursive=True)}
    return {
        c.laddr.ip
        for c in psutil.net_connections("inet")
        if c.laddr and c.status == psutil.CONN_LISTEN and c.pid in ours
    }


def test_without_airflow_only_warehouse_runs(place: Settings) -> None:
    started = services.up(place, with_airflow=False)
    with psycopg.connect(started.dsn("kvalitet_auditor")) as connection:
        assert connection.execute("select count(*) from audit.build").fetchone() == (0,)
    running = {service.name for service in services.status(place) if service.is_running}
    assert running == {"postgres"}
    services.down(place)
    assert not any(service.is_running for service in services.status(place))


@pytest.mark.slow
def test_all_starts_is_mended_and_ends(place: Settings) -> None:
    started = services.up(place)
    before = pids(place)
    assert len(before) == len(airflow.COMPONENTS)
    assert listens(place) == {"127.0.0.1"}

    address = services.airflow_address(place)
    answer = httpx.post(f"{address.url}/auth/token", json={"username": address.user, "password": address.password})
    assert answer.is_success
    assert httpx.post(f"{address.url}/auth/token", json={"username": "admin", "password": "admin"}).status_code == 401

    services.up(place)
    assert pids(place) == before, "what runs is left as it is"

    # A component and the server die. The next start brings back both, and restarts what was connected to that server.
    os.kill(before["airflow-triggerer"], signal.SIGKILL)
    postgres = server.status(place).pid
    assert postgres
    os.kill(postgres, signal.SIGKILL)
    assert services.up(place).server == started.server
    after = pids(place)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)
    assert all(service.is_running for service in services.status(place))

    services.down(place)
    assert pids(place) == {}
    assert of_this_installation(place) == []
