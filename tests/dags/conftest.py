"""Airflow with a home folder of the tests' own, and the real DAG files read by the real DagBag."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """Airflow reads its home once per process, when it is first imported, so this cannot be a fixture per test."""
    home = Path(tempfile.mkdtemp(prefix="kvalitet-test-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.setdefault("AIRFLOW_HOME", str(home))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    return home


@pytest.fixture(scope="session")
def dag_bag(airflow_home: Path) -> "DagBag":
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags", safe_mode=True)
