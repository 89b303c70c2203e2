"""The dbt project, parsed once per test session, and run against a warehouse of the tests' own."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from kvalitet.build.transform import dbt_environment
from kvalitet.settings import Settings
from kvalitet.warehouse.build_schemas import make_empty

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"


def pytest_itemcollected(item: pytest.Item) -> None:
    """dbt takes half a minute to read the project, so tests that need it are marked as slow."""
    if {"manifest", "dbt"} & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """dbt's manifest of the project, parsed once for all workers of the run. Parsing needs no server."""
    base = tmp_path_factory.getbasetemp()
    target = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "dbt"
    with FileLock(f"{target}.lock"):
        if not (target / "manifest.json").is_file():
            with _quiet_environment():
                _invoke("parse", target)
    return json.loads((target / "manifest.json").read_text())


@pytest.fixture(scope="session")
def models(manifest: dict) -> dict[str, dict]:
    """Model name -> its node of the manifest."""
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


@pytest.fixture
def dbt(settings: Settings, tmp_path: Path) -> Callable[..., list]:
    """Runs a dbt command as the transformer in this test's warehouse, and returns its results, one per node.

    `variables` are added to the administration's policy. `project` is another folder than the checkout's, where a test
    has changed a copy.
    """
    make_empty(settings, "candidate")

    def run(command: str, *arguments: str, variables: dict, project: Path = PROJECT) -> list:
        given = json.dumps(settings.administration.stated.policy | variables)
        with dbt_environment(settings, "candidate", "kvalitet test"):
            return _invoke(command, tmp_path / "dbt", *arguments, "--vars", given, project=project)

    return run


@contextmanager
def _quiet_environment() -> Iterator[None]:
    before = os.environ.get("DO_NOT_TRACK")
    os.environ["DO_NOT_TRACK"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["DO_NOT_TRACK"]
        else:
            os.environ["DO_NOT_TRACK"] = before


def _invoke(command: str, target: Path, *arguments: str, project: Path = PROJECT) -> list:
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        [
            command,
            "--project-dir", str(project),
            "--profiles-dir", str(project),
            "--target-path", str(target),
            "--log-path", str(target / "log"),
            "--no-version-check",
            "--quiet",
            *arguments,
        ]
    )  # fmt: skip
    assert outcome.exception is None, outcome.exception
    return list(getattr(outcome.result, "results", None) or [])
