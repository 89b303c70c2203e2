"""A small installation with everything a backup holds, and empty ones to restore into.

`small` has two deliveries, two publications and a person in raw. `empty` makes an installation whose database does not
exist yet, on the same server.
"""

import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

sys.path[:0] = [
    str(Path(__file__).parent),
    *(str(Path(__file__).parents[1] / one) for one in ("publication", "intake")),
]

from installations import CASES, Installation, deliver, own_secrets, seen_as  # noqa: E402
from synthetic import passed_build  # noqa: E402
from warehouses import Become, NewWarehouse  # noqa: E402

from kvalitet.publication import publish  # noqa: E402
from kvalitet.settings import LOGIN_ROLES, Settings  # noqa: E402
from kvalitet.warehouse import server  # noqa: E402


def _quicken(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KVALITET_SETTLE_SECONDS", "0")
    environment.setenv("KVALITET_READER_GRACE_SECONDS", "5")
    environment.setenv("KVALITET_CODE_VERSION", "test")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    _quicken(monkeypatch)


@dataclass(frozen=True)
class Used:
    """A used warehouse and its secrets, of which `small` is a copy."""

    settings: Settings
    secrets: Path


@pytest.fixture(scope="session")
def used(
    new_warehouse: NewWarehouse,
    warehouse_server: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Used]:
    """Two deliveries and two publications, made once. Do not write to it."""
    folder = tmp_path_factory.mktemp("used")
    with new_warehouse(folder) as settings:
        secrets = own_secrets(warehouse_server, folder / "secrets")
        with pytest.MonkeyPatch.context() as environment:
            _quicken(environment)
            seen_as(settings, server.admin_url(warehouse_server), secrets, environment)
            deliver(settings, "2025-01-02", *CASES)
            deliver(settings, "2025-01-03", *CASES, "2025 - 00001")
            for rows in (1, 2):
                publish(settings, passed_build(settings, folder, rows=rows))
        yield Used(settings, secrets)


@pytest.fixture
def small(
    used: Used,
    become: Become,
    warehouse_server: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Installation:
    """Two deliveries and two publications, with its own copy of the secrets that a test may change."""
    secrets = shutil.copytree(used.secrets, tmp_path / "secrets")
    return seen_as(become(used.settings), server.admin_url(warehouse_server), secrets, monkeypatch)


@pytest.fixture
def empty(
    warehouse_server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Installation]]:
    """Makes an installation without a database. It shares only the roles' passwords with the server."""
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
        settings = replace(warehouse_server, var=folder / "var", inbox=f"file://{folder / 'inbox'}", database=database)
        return seen_as(settings, admin, secrets, monkeypatch)

    yield make
    with psycopg.connect(admin, autocommit=True) as connection:
        for database in made:
            for name in (database, f"{database}_airflow"):
                connection.execute(f'drop database if exists "{name}" with (force)')  # type: ignore[arg-type]
            connection.execute(f'drop role if exists "{database}_airflow"')  # type: ignore[arg-type]
