"""Fixtures that everybody's tests share.

- `warehouse_server` (session): Settings of a prepared, empty warehouse on a Postgres of this test
  session's own. It is the template of the databases below: do not write to it.
- `settings`: Settings of a fresh warehouse for one test (a copy of the template, some 50 ms): own
  database, own var folder and own empty inbox below `tmp_path`. The roles' passwords are shared.
- `new_warehouse` (session): the same for longer than one test, below a folder of the caller's.
- `admin_url`: the superuser's libpq URL of that test's database.
- `debian_server` (session): the admin URL of an empty Postgres as Debian packages it, or the test is skipped.

Fast tests: `pytest -m "not slow"`. Mark with `slow` what takes more than a few seconds.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from certificates import Authority
from debian_postgres import debian_postgres
from psycopg import sql

from kvalitet.services import preparing
from kvalitet.settings import Settings
from kvalitet.settings.server_note import note_address
from kvalitet.warehouse import server
from kvalitet.warehouse.copies import copy_database, without_waiting_for_the_disk

ROOT = Path(__file__).resolve().parents[1]
NewWarehouse = Callable[[Path], AbstractContextManager[Settings]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    for name in [name for name in os.environ if name.startswith(("KVALITET_", "AIRFLOW_"))]:
        del os.environ[name]  # the tests use their own servers only, whatever the shell is set to
    os.environ["KVALITET_ROOT"] = str(ROOT)
    os.environ["KVALITET_ADMINISTRATION"] = "example/administration"  # whatever administration the checkout has


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: "end_to_end" not in item.path.parts)


@pytest.fixture(scope="session")
def warehouse_server() -> Iterator[Settings]:
    """Settings of a prepared, empty warehouse: the template of the tests' own databases."""
    # Not below pytest's own temporary folder. If pytest runs as root, Postgres' user cannot reach it.
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    blank = Settings(root=ROOT, var=var, inbox=f"file://{var}/inbox", server="127.0.0.1:0", database="kvalitet")
    try:
        started = server.start(blank)
        without_waiting_for_the_disk(server.admin_url(started))
        preparing.prepare(started, server.admin_url(started))
        yield started
    finally:
        server.remove(blank)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def new_warehouse(warehouse_server: Settings) -> NewWarehouse:
    """A context manager: a fresh warehouse below a folder, with its own database, var folder and inbox."""

    @contextmanager
    def made(folder: Path) -> Iterator[Settings]:
        var, inbox = folder / "var", folder / "inbox"
        for made_here in (var / "run", inbox):
            made_here.mkdir(parents=True)
        (var / "secrets").symlink_to(warehouse_server.secrets_dir)
        note_address(var, warehouse_server.server)
        database = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server.admin_url(warehouse_server), autocommit=True) as connection:
            copy_database(connection, warehouse_server.database, database)
            try:
                yield replace(warehouse_server, var=var, inbox=f"file://{inbox}", database=database)
            finally:
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))

    return made


@pytest.fixture
def settings(new_warehouse: NewWarehouse, tmp_path: Path) -> Iterator[Settings]:
    """A fresh warehouse for one test."""
    with new_warehouse(tmp_path) as fresh:
        yield fresh


@pytest.fixture
def admin_url(settings: Settings, warehouse_server: Settings) -> str:
    """The superuser's libpq URL of this test's database."""
    return server.admin_url(warehouse_server, settings.database)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that signs the certificate of `debian_server`, which is for the name localhost only."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")  # its roles belong to one installation
def debian_server(authority: Authority) -> Iterator[str]:
    """The admin URL of an empty PostgreSQL 15 from Debian's packages. The test is skipped where it is not installed."""
    with debian_postgres(authority) as url:
        yield url
