"""Installations on the tests' servers, as this process and the command line see them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from deliveries import COMPLAINT, POINT, as_csv, write

from kvalitet.intake import extract
from kvalitet.persons.journal import NAME
from kvalitet.settings import Settings

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


def own_secrets(server: Settings, folder: Path) -> Path:
    """A copy of the server's secrets, with an empty journal, because other tests write to the server's."""
    shutil.copytree(server.secrets_dir, folder)
    beginning, *_ = (folder / NAME).read_text().splitlines(keepends=True)
    (folder / NAME).write_text(beginning)
    return folder


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
    """Deliver complaints by case number. The first one is the person's."""
    inbox = Path(settings.inbox.removeprefix("file://"))
    rows = [COMPLAINT | {"Sagsnummer": number, "CPR": "" if place else PERSON} for place, number in enumerate(numbers)]
    points = [POINT | {"Sagsnummer": row["Sagsnummer"]} for row in rows]
    write(inbox, f"bif_complaints/klager_{cutoff}.csv", as_csv(rows, list(COMPLAINT)))
    write(inbox, f"bif_complaints/klagepunkter_{cutoff}.csv", as_csv(points, list(POINT)))
    assert extract(settings, "bif_complaints").outcome == "accepted"


CASES = [f"2024 - {number:05d}" for number in range(100)]


def database_is_there(installation: Installation) -> bool:
    with psycopg.connect(installation.environment["KVALITET_ADMIN_URL"]) as connection:
        return bool(
            connection.execute(
                "select 1 from pg_database where datname = %s", [installation.settings.database]
            ).fetchone()
        )
