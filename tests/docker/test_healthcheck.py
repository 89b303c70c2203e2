"""The health check against an HTTP server that says what Airflow's says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "healthcheck.py"
HEALTH = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": None},
    "triggerer": {"status": None},
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


def check(url: str, component: str) -> subprocess.CompletedProcess[str]:
    environment = {"KVALITET_HEALTH_URL": url, "no_proxy": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, SCRIPT, component], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("component", "exit_code"), [("metadatabase", 0), ("scheduler", 1), ("triggerer", 1), ("dag_processor", 1)]
)
def test_only_a_healthy_component_passes(url: str, component: str, exit_code: int) -> None:
    assert check(url, component).returncode == exit_code


def test_an_api_server_that_does_not_answer_is_told_in_one_line() -> None:
    done = check("http://127.0.0.1:1/", "scheduler")
    assert done.returncode == 1
    assert done.stderr.startswith("the API server does not answer")
    assert "Traceback" not in done.stderr
