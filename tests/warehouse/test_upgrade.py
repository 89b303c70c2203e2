"""A warehouse that has been in use is upgraded together with its contents."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import NullPool, create_engine

from kvalitet.settings import Settings
from kvalitet.warehouse import admin, server


@pytest.fixture
def blank(warehouse_server: Settings) -> Iterator[str]:
    """The superuser's libpq address of an empty database with the warehouse's roles."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.admin_url(warehouse_server), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template template0 encoding 'UTF8'").format(sql.Identifier(name))
        )
        yield make_conninfo(server.admin_url(warehouse_server), dbname=name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def upgrade(address: str, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(admin.__file__).parent / "migrations"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(address), poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def test_upgrade_orders_attempts_and_keys(blank: str) -> None:
    """Old attempts know of the load that was in when they began, and keys keep their order."""
    upgrade(blank, "0008")
    with psycopg.connect(blank) as connection:
        connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at, finished_at)"
            " select 'organisation', day, '2025-01-02', day, outcome, '1', '1', now(),"
            " '2025-01-01'::date + day::integer"
            " from (values ('1', 'accepted'), ('2', 'accepted'), ('3', 'refused')) as load (day, outcome)"
        )
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, load_id, message, started_at, finished_at)"
            " select 'organisation', outcome, load_id, '', '2025-01-01'::date + began, '2025-01-01'::date + ended"
            " from (values ('accepted', 1, 0, 1), ('failed', null, 1, 3), ('accepted', 2, 1, 2), ('refused', 3, 1, 3),"
            " ('missing', null, 2, 3), ('nothing_new', null, 0, 0)) as run (outcome, load_id, began, ended)"
        )
        connection.execute(
            "insert into audit.pseudonym_key (fingerprint, introduced_by, introduced_at, rows_rekeyed)"
            " values ('newer', 'x', '2025-02-01', 0), ('older', 'x', '2025-01-01', 0)"
        )
    upgrade(blank, "head")
    with psycopg.connect(blank) as connection:
        runs = connection.execute("select outcome, knew_of_load from audit.extract_run order by run_id").fetchall()
        # The failed one only lost to the load that came after it had begun.
        assert runs == [
            ("accepted", 1), ("failed", 1), ("accepted", 2), ("refused", 2), ("missing", 2), ("nothing_new", None),
        ]  # fmt: skip
        connection.execute(
            "insert into audit.pseudonym_key (fingerprint, introduced_by, introduced_at, rows_rekeyed)"
            " values ('newest, with the clock a year back', 'x', '2024-02-01', 0)"
        )
        keys = connection.execute("select fingerprint, key_number from audit.pseudonym_key order by 2").fetchall()
    assert keys == [("older", 1), ("newer", 2), ("newest, with the clock a year back", 3)]
