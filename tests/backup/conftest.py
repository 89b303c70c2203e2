"""A small installation with everything a backup holds, and empty ones to restore into.

`small` has deliveries taken in, two publications and a person in raw; `empty` makes an installation whose database
does not exist yet, on the same server.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("publication", "intake")]

import synthetic
from deliveries import COMPLAINT, POINT, as_csv, write

from kvalitet.intake import extract
from kvalitet.publication import publish
from kvalitet.settings import LOGIN_ROLES, Settings
from kvalitet.warehouse import server

PERSON = "010190-1234"


@dataclass(frozen=True)
class Installation:
    """Settings with the environment that makes the code and the command line see this installation."""

    settings: Settings
    environment: dict[str, str]

    def kvalitet(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kvalitet", *arguments],
            env={**os.environ, **self.environment, "COLUMNS": "250"},
            input=typed,
            capture_output=True,
            text=True,
            cwd=self.settings.root,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "kvalitet", *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.settings.root,
        )

    @property
    def secrets(self) -> Path:
        return Path(self.environment["KVALITET_SECRETS"])

    @property
    def admin_url(self) -> str:
        base = self.environment["KVALITET_ADMIN_URL"]
        return base.removesuffix("/postgres") + "/" + self.settings.database


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    monkeypatch.setenv("KVALITET_READER_GRACE_SECONDS", "5")
    monkeypatch.setenv("KVALITET_CODE_VERSION", "test")


def seen_as(
    settings: Settings, admin: str, secrets: Path, monkeypatch: pytest.MonkeyPatch | None = None
) -> Installation:
    environment = {
        "KVALITET_VAR": str(settings.var),
        "KVALITET_INBOX": settings.inbox,
        "KVALITET_DATABASE_URL": f"postgresql://{settings.server}/{settings.database}",
        "KVALITET_ADMIN_URL": admin,
        "KVALITET_SECRETS": str(secrets),
    }
    for name, value in environment.items():
        if monkeypatch:
            monkeypatch.setenv(name, value)
    return Installation(settings, environment)


def deliver(settings: Settings, cutoff: str, *numbers: str) -> None:
    """Complaints by case number; the first is the person's."""
    inbox = Path(settings.inbox.removeprefix("file://"))
    rows = [COMPLAINT | {"Sagsnummer": number, "CPR": "" if place else PERSON} for place, number in enumerate(numbers)]
    points = [POINT | {"Sagsnummer": row["Sagsnummer"]} for row in rows]
    write(inbox, f"bif_complaints/klager_{cutoff}.csv", as_csv(rows, list(COMPLAINT)))
    write(inbox, f"bif_complaints/klagepunkter_{cutoff}.csv", as_csv(points, list(POINT)))
    assert extract(settings, "bif_complaints").outcome == "accepted"


CASES = [f"2024 - {number:05d}" for number in range(100)]


@pytest.fixture
def small(
    settings: Settings, warehouse_server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """Two deliveries, two publications; secrets of its own, so that a test may change them."""
    secrets = tmp_path / "secrets"
    shutil.copytree(warehouse_server.secrets_dir, secrets)
    made = seen_as(settings, server.admin_url(warehouse_server), secrets, monkeypatch)
    deliver(settings, "2025-01-02", *CASES)
    deliver(settings, "2025-01-03", *CASES, "2025 - 00001")
    for rows in (1, 2):
        publish(settings, synthetic.passed_build(settings, tmp_path, rows=rows))
    return made


@pytest.fixture
def empty(
    warehouse_server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Installation]]:
    """Makes an installation without a database; roles' passwords are the server's, all other secrets its own."""
    admin, made = server.admin_url(warehouse_server), []

    def make() -> Installation:
        database = f"restored_{uuid.uuid4().hex[:12]}"
        made.append(database)
        folder = tmp_path / database
        secrets = folder / "secrets"
        secrets.mkdir(parents=True)
        for role in LOGIN_ROLES:
            shutil.copy(warehouse_server.secrets_dir / role, secrets)
        (folder / "inbox").mkdir()
        settings = replace(
            warehouse_server, var=folder / "var", inbox=f"file://{folder / 'inbox'}", database=database
        )
        return seen_as(settings, admin, secrets, monkeypatch)

    yield make
    with psycopg.connect(admin, autocommit=True) as connection:
        for database in made:
            for name in (database, f"{database}_airflow"):
                connection.execute(f'drop database if exists "{name}" with (force)')  # type: ignore[arg-type]
            connection.execute(f'drop role if exists "{database}_airflow"')  # type: ignore[arg-type]
