"""The health check against an HTTP server that answers as Airflow's does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

SCRIPT = Path(__file__).parents[2] / "docker" / "healthcheck.py"
HEALTH = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": None},
    "triggerer": {"status": None},
    "dag_processor": {"status": "healthy"},
}


class Airflow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(HEALTH).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Airflow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v2/monitor/health"
        server.shutdown()


def check(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"KVALITET_HEALTH_URL": url, "no_proxy": "127.0.0.1", "PATH": "/usr/bin:/bin", **more}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("component", "exit_code"), [("metadatabase", 0), ("scheduler", 1), ("triggerer", 1), ("unknown", 1)]
)
def test_only_a_healthy_component_passes(url: str, component: str, exit_code: int) -> None:
    assert check(url, component).returncode == exit_code


def test_silent_api_server_is_told_in_one_line() -> None:
    done = check("http://127.0.0.1:1/", "scheduler")
    assert done.returncode == 1
    assert done.stderr.startswith("the API server does not answer")
    assert "Traceback" not in done.stderr


@pytest.fixture
def airflow(admin_url: str) -> Iterator[Engine]:
    """Airflow's own tables, empty."""
    from airflow.models import import_all_models
    from airflow.models.base import Base

    import_all_models()
    engine = create_engine(admin_url.replace("postgresql://", "postgresql+psycopg://"))
    tables: Any = Base
    tables.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_dag_processor_must_have_read_every_file(url: str, airflow: Engine, admin_url: str, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "extract.py").touch()
    (dags / "indicators.py").touch()
    (tmp_path / "url").write_text(admin_url.replace("postgresql://", "postgresql+psycopg2://"))
    environment = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": f"cat {tmp_path / 'url'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
    }

    def look() -> tuple[int, str]:
        done = check(url, "dag_processor", "--with-dags", **environment)
        return done.returncode, done.stdout.strip() + done.stderr.strip()

    def read(file: str, when: datetime) -> None:
        from airflow.models.dag import DagModel
        from airflow.models.dagbundle import DagBundleModel

        with Session(airflow) as session:
            session.merge(DagBundleModel(name="dags"))
            session.merge(
                DagModel(
                    dag_id=file,
                    relative_fileloc=file,
                    bundle_name="dags",
                    is_stale=False,
                    last_parsed_time=when,
                    timetable_type="",
                )
            )
            session.commit()

    assert look() == (1, "dag_processor: has not read extract.py, indicators.py yet")
    read("extract.py", datetime.now(UTC))
    read("indicators.py", datetime(2020, 1, 1, tzinfo=UTC))  # by a container before this one
    assert look() == (1, "dag_processor: has not read indicators.py yet")
    read("indicators.py", datetime.now(UTC))
    assert look() == (0, "dag_processor: healthy")
    with airflow.begin() as connection:
        connection.execute(text("insert into import_error (filename, bundle_name) values ('extract.py', 'dags')"))
    code, said = look()
    assert code == 1 and said.startswith("dag_processor: cannot read extract.py")


def test_silent_database_is_told_in_one_line(url: str, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg2://airflow:secret-word@127.0.0.1:1/airflow")
    environment = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": f"cat {tmp_path / 'url'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path),
    }
    done = check(url, "dag_processor", "--with-dags", **environment)
    assert done.returncode == 1
    assert done.stdout.strip() == "dag_processor: Airflow's database does not answer: OperationalError"
    assert "secret-word" not in done.stdout + done.stderr
