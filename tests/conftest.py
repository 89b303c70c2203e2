"""Fixtures that everybody's tests share.

- `warehouse_server` (session): Settings of a prepared, empty warehouse on a Postgres of this test
  session's own. It is the template of the databases below: do not write to it.
- `settings`: Settings of a fresh warehouse for one test (a copy of the template, some 50 ms): own
  database, own var folder and own empty inbox below `tmp_path`. The roles' passwords are shared.
- `new_warehouse` (session): the same for longer than one test, below a folder of the caller's.
- `become`: makes the test's warehouse a copy of another one, so that what many tests begin with is made only once.
- `admin_url`: the superuser's libpq URL of that test's database.
- `debian_server` (session): the admin URL of an empty Postgres as Debian packages it, or the test is skipped.

Fast tests: `pytest -m "not slow"`. Mark with `slow` what takes more than a few seconds.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import psycopg
import pytest
from certificates import Authority
from debian_postgres import debian_postgres
from psycopg import sql
from warehouses import Become, NewWarehouse

from kvalitet.services import preparing
from kvalitet.settings import Settings
from kvalitet.settings.server_note import note_address
from kvalitet.warehouse import server
from kvalitet.warehouse.copies import copy_database, without_waiting_for_the_disk

# Tests over random input draw the same examples in every run, so that a commit has one result. `make explore` draws
# others.
hypothesis.settings.register_profile("explore", derandomize=False)
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parents[1]
#: The modules that take minutes, in the order in which they are given to the workers. A worker is given its next module
#: before the last test of the present one begins, so what follows a module of one long test is short.
LONGEST = (
    "end_to_end/test_killed_airflow.py",
    "end_to_end/test_way_back.py",
    "end_to_end/test_through_airflow.py",
    "backup/test_keys.py",
    "end_to_end/test_interrupted_run.py",
    "end_to_end/test_nights.py",
    "end_to_end/test_own_postgres.py",
    "past/test_restatement.py",
    "past/test_restated_read_anew.py",
    "backup/test_nights_restored.py",
    "docs/test_documented_commands.py",
    "mutation/test_trials.py",
    "dbt_project/test_star_of_the_sample.py",
    "dbt_project/test_unit_tests.py",
    "benchmarks/test_benchmarks.py",
    "services/test_mending.py",
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    for name in [name for name in os.environ if name.startswith(("KVALITET_", "AIRFLOW_"))]:
        del os.environ[name]  # the tests use their own servers only, whatever the shell is set to
    os.environ["KVALITET_ROOT"] = str(ROOT)
    os.environ["KVALITET_ADMINISTRATION"] = "example/administration"  # whatever administration the checkout has


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest modules first, so that no worker is left with one of them at the end."""
    tests = ROOT / "tests"
    rank = {tests / name: place for place, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in rank), "LONGEST names a module that is not there"
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


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
def server_url(warehouse_server: Settings) -> str:
    """The superuser's libpq URL of the server, which stays as it is where a test replaces `server.admin_url`."""
    return server.admin_url(warehouse_server)


@pytest.fixture(scope="session")
def new_warehouse(warehouse_server: Settings, server_url: str) -> NewWarehouse:
    """A context manager: a fresh warehouse below a folder, with its own database, var folder and inbox."""

    @contextmanager
    def made(folder: Path) -> Iterator[Settings]:
        var, inbox = folder / "var", folder / "inbox"
        for made_here in (var / "run", inbox):
            made_here.mkdir(parents=True)
        (var / "secrets").symlink_to(warehouse_server.secrets_dir)
        note_address(var, warehouse_server.server)
        database = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server_url, autocommit=True) as connection:
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
def become(settings: Settings, server_url: str) -> Become:
    """Makes this test's warehouse a copy of another one of `new_warehouse`: its database, inbox and run folder."""

    def copy(other: Settings) -> Settings:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(settings.database)))
            copy_database(connection, other.database, settings.database)
        shutil.copytree(other.var, settings.var, ignore=lambda *_: ["secrets"], dirs_exist_ok=True)
        folder, own = (Path(one.inbox.removeprefix("file://")) for one in (other, settings))
        shutil.copytree(folder, own, dirs_exist_ok=True)
        return settings

    return copy


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
