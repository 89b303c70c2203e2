"""A reader's session reads what it was granted and disturbs nobody. All that it may try is listed here."""

import logging
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import synthetic
from psycopg import errors, sql

from kvalitet.build import builds
from kvalitet.cli.status import read_status
from kvalitet.errors import KvalitetError
from kvalitet.publication import finish_candidate, publish
from kvalitet.services import preparing
from kvalitet.settings import AUDITOR, BI, DETAIL, READER_ROLES, Settings
from kvalitet.warehouse import admin, locks, readers
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.rights import READER_CONNECTIONS

#: Statements, by what they would do.
TRIED = {
    "lock a row of ours": "select from audit.lock for update",
    "lock the table of locks": "lock table audit.lock in row share mode",
    "insert a lock": "insert into audit.lock values ('mine')",
    "lock a published table against swaps": "lock table reporting.dim_source in row share mode",
    "lock a published row": "select from reporting.dim_source for share",
    "make a large object": "select lo_create(0)",
    "make a large object of bytes": "select lo_from_bytea(0, 'x')",
    "make a temporary table": "create temporary table t (a int)",
    "make a schema": "create schema mine",
    "make a table": "create table reporting.mine (a int)",
    "make a function": "create function public.f() returns int language sql as 'select 1'",
    "act as another": "set role kvalitet_publication_owner",
    "end another's session": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kvalitet_loader'",
    "read a file": "select pg_read_file('postgresql.conf')",
    "run a program": "copy (select 1) to program 'true'",
    "lift the limit of temporary files": "set temp_file_limit = -1",
    "raise the limit of connections": "alter role current_user connection limit -1",
    "read the roles' passwords": "select rolpassword from pg_authid",
    "write a figure": "update reporting.fct_indicator_value set value = 0",
    "write the ledger": "delete from audit.publication_event",
    "take an advisory lock": "select pg_advisory_lock(7203310)",
    "lift the limit of statements": "set statement_timeout = 0",
    "tell whoever listens": "notify anybody",
    "keep a snapshot": "select pg_export_snapshot()",
    "change the own defaults": "alter role current_user set work_mem = '64MB'",
    "change the own password": "alter role current_user password 'another'",
    "cancel the own sessions": "select pg_cancel_backend(pid) from pg_stat_activity where usename = current_user"
    " and pid <> pg_backend_pid()",
}
#: Statements that succeed for each reader, and what makes them harmless.
HARMLESS = {
    "take an advisory lock": "none of ours is one",
    "lift the limit of statements": "the pipeline ends the session",
    "tell whoever listens": "nobody does, and little is kept",
    "keep a snapshot": "publishing waits for it, then ends the session",
    "change the own defaults": "named by the night, put back by `migrate`",
    "change the own password": "named by the night, put back by `migrate`",
    "cancel the own sessions": "they are readers",
}


@pytest.fixture(scope="module")
def published(new_warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("readers")
    with new_warehouse(folder) as settings:
        publish(settings, synthetic.passed_build(settings, folder))
        yield settings


def succeeds(settings: Settings, role: str, statement: str) -> bool:
    """Whether the statement succeeds, in a transaction that is rolled back."""
    with psycopg.connect(settings.dsn(role)) as connection:
        try:
            connection.execute(statement.encode())
        except (errors.InsufficientPrivilege, errors.InvalidSchemaName, errors.UndefinedFunction):
            return False
        finally:
            connection.rollback()
    return True


@pytest.mark.parametrize("role", READER_ROLES)
def test_reader_can_do_only_what_is_listed(published: Settings, role: str) -> None:
    with connect(published, "kvalitet_loader"):  # a session that could be ended
        done = {what for what, statement in TRIED.items() if succeeds(published, role, statement)}
    assert done == HARMLESS.keys()


@pytest.mark.parametrize(
    ("role", "schemas"),
    [(BI, {"reporting"}), (DETAIL, {"reporting", "reporting_detail"}), (AUDITOR, {"reporting", "audit"})],
)
def test_catalogue_grants_reader_only_select(published: Settings, role: str, schemas: set[str]) -> None:
    granted = fetch_all(
        published,
        role,
        "select n.nspname::text as schema, p.what from pg_class as c join pg_namespace as n on n.oid = c.relnamespace,"
        " unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as p (what)"
        " where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'v', 'm')"
        " and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, p.what)",
    )
    assert {(row["schema"], row["what"]) for row in granted} == {(schema, "SELECT") for schema in schemas}
    may_run = fetch_all(
        published,
        role,
        "select p.oid::regprocedure::text as name from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
        " where p.oid >= 16384 and has_function_privilege(p.oid, 'execute') and has_schema_privilege(n.oid, 'usage')",
    )
    assert {row["name"] for row in may_run} <= {"audit.centres_of_reader()"}
    databases = fetch_all(
        published, role, "select datname::text as name from pg_database where has_database_privilege(datname, 'temp')"
    )
    assert databases == [], "no temporary table, in no database"


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_readers_enter_no_other_database(published: Settings, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(published.dsn(BI).replace(published.database, database))


def test_reader_connections_are_limited(published: Settings) -> None:
    held: list[psycopg.Connection] = []
    try:
        held += [psycopg.connect(published.dsn(DETAIL)) for _ in range(READER_CONNECTIONS[DETAIL])]
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(published.dsn(DETAIL))
        assert fetch_all(published, "kvalitet_publisher", "select 1 as one") == [{"one": 1}]
    finally:
        for one in held:
            one.close()


def test_advisory_locks_stop_no_publication(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)
    with psycopg.connect(settings.dsn(BI)) as reader:
        for key in ("hashtext('dump or publication')", "7203310", "hashtext('persons in raw')"):
            reader.execute(f"select pg_advisory_lock({key})".encode())
        assert publish(settings, build_id).publication_id == 1


def test_unread_notifications_fill_no_disk(settings: Settings) -> None:
    """Notifications stay on the server's disk for as long as one listener has not read them."""
    much = "select count(pg_notify('anybody', i || repeat('x', 7900))) from generate_series(1, 2000) as i"
    with psycopg.connect(settings.dsn(BI), autocommit=True) as listens, psycopg.connect(settings.dsn(BI)) as tells:
        listens.execute("listen anybody")
        listens.execute("begin")
        tells.execute(much)
        with pytest.raises(errors.ProgramLimitExceeded, match="too many notifications"):
            tells.commit()


def test_session_without_limits_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "IDLE_MINUTES", 0)
    with psycopg.connect(settings.dsn(BI)) as idle, psycopg.connect(settings.dsn(AUDITOR), autocommit=True) as other:
        idle.execute("set idle_in_transaction_session_timeout = 0")
        time.sleep(0.1)
        assert readers.end_beyond_limits(settings) == [f"{BI} ({idle.info.backend_pid})"]
        with pytest.raises(psycopg.OperationalError):
            idle.execute("select 1")
        other.execute("select 1")


def lifted(settings: Settings, role: str = BI) -> psycopg.Connection:
    """A reader without a limit on idle transactions."""
    connection = psycopg.connect(settings.dsn(role))
    connection.execute("set idle_in_transaction_session_timeout = 0")
    return connection


def is_ended(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("select 1")
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.parametrize("step", ["finish", "publish"])
def test_step_first_ends_unlimited_sessions(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    build_id = synthetic.build(settings) if step == "finish" else synthetic.passed_build(settings, tmp_path)
    monkeypatch.setattr(readers, "IDLE_MINUTES", 0)
    with lifted(settings) as reader:
        if step == "finish":
            finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
        else:
            assert publish(settings, build_id).readers_ended == (), "it was in nobody's way"
        assert is_ended(reader)


@pytest.mark.parametrize("role", ["kvalitet_transformer", "kvalitet_gate", "kvalitet_publisher"])
def test_session_opened_during_step_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    build_id = synthetic.build(settings)
    monkeypatch.setattr(readers, "IDLE_MINUTES", 0)
    monkeypatch.setattr(builds, "HEARTBEAT_SECONDS", 0.1)
    with builds.heartbeat(settings, build_id, role), lifted(settings, DETAIL) as reader:
        time.sleep(1)
        assert is_ended(reader)


def test_function_call_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called by libpq's fast path, which shows no statement and another state than `active`."""
    monkeypatch.setattr(readers, "STATEMENT_MINUTES", 0)
    asked = "select 'pg_catalog.pg_sleep(float8)'::regprocedure::oid::int as sleep"
    sleep = fetch_all(settings, AUDITOR, asked)[0]["sleep"]
    arguments = struct.pack(">hhhid", 1, 1, 1, 8, 60.0) + struct.pack(">h", 1)
    body = struct.pack(">i", sleep) + arguments
    with psycopg.connect(settings.dsn(BI), autocommit=True) as reader:
        os.write(reader.fileno(), b"F" + struct.pack(">i", len(body) + 4) + body)
        time.sleep(0.5)
        assert readers.end_beyond_limits(settings) == [f"{BI} ({reader.info.backend_pid})"]


#: Locks that a role gets although it may not use them, because preparing a statement locks its tables.
HELD = (
    "select pg_advisory_lock_shared(7203310)",
    "prepare a as delete from pg_catalog.pg_authid",
    "prepare b as select from pg_catalog.pg_class for update",
    "prepare c as update pg_catalog.pg_namespace set nspname = ''",
    "prepare d as delete from reporting.dim_source",
    "prepare e as delete from reporting.fct_complaint",
    "alter role current_user set work_mem = '64MB'",
    "select pg_current_xact_id()",
)
HELD_BY_AUDITOR = (
    "prepare f as select from audit.lock for update",
    "prepare g as update audit.build set status = ''",
)


def test_reader_locks_delay_no_build_step(settings: Settings, tmp_path: Path) -> None:
    """Each reader holds all locks that its limits allow, and a snapshot from before the build."""
    publish(settings, synthetic.passed_build(settings, tmp_path))
    held = [psycopg.connect(settings.dsn(role)) for role in READER_ROLES]
    try:
        for connection in held:
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            for statement in HELD + (HELD_BY_AUDITOR if connection.info.user == AUDITOR else ()):
                connection.execute(statement.encode())
        with locks.holding(settings, "kvalitet_publisher", locks.FILES, ""), connect(settings, "kvalitet_gate") as own:
            assert locks.holders(own).startswith("kvalitet, files"), "who waits is not told of a reader"
        began = time.monotonic()
        build_id = synthetic.passed_build(settings, tmp_path)
        assert time.monotonic() - began < 10
        assert not any(is_ended(connection) for connection in held)
        ended = publish(settings, build_id, grace=0.5).readers_ended
        assert sorted(ended) == sorted(f"{one.info.user} ({one.info.backend_pid})" for one in held)
    finally:
        for connection in held:
            connection.close()


def test_changed_defaults_are_restored(settings: Settings, admin_url: str, caplog: pytest.LogCaptureFixture) -> None:
    try:
        with psycopg.connect(settings.dsn(BI), autocommit=True) as reader:
            reader.execute("alter role kvalitet_bi set work_mem = '4GB'")
            reader.execute("alter role kvalitet_bi set statement_timeout = 0")
            own = sql.SQL("alter role kvalitet_bi in database {} set search_path = audit")
            reader.execute(own.format(sql.Identifier(settings.database)))
            reader.execute("alter role kvalitet_bi password 'another'")
        named = {row["statement"] for row in read_status(settings)["not_in_force"]}
        assert {one for one in named if not one.startswith("alter database")} == {
            "alter role kvalitet_bi reset all",
            "alter role kvalitet_bi set statement_timeout = '5min'",
            f'alter role kvalitet_bi in database "{settings.database}" reset all',
            "the password of kvalitet_bi is not the one of its file",
        }
        with caplog.at_level(logging.WARNING):
            readers.watch(settings)
        assert "the password of kvalitet_bi" in caplog.text and "another" not in caplog.text
    finally:
        preparing.prepare(settings, admin_url)
    assert read_status(settings)["not_in_force"] == []
    with psycopg.connect(settings.dsn(BI)) as reader:
        assert reader.execute("show statement_timeout").fetchone() == ("5min",)


def test_migrate_names_changing_reader(settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MIGRATION_PATIENCE", "1s")
    with psycopg.connect(settings.dsn(BI)) as reader:
        reader.execute("alter role kvalitet_bi password 'another'")
        with pytest.raises(KvalitetError, match=rf"being changed by kvalitet_bi \(session {reader.info.backend_pid}\)"):
            preparing.prepare(settings, admin_url)
        reader.rollback()
    preparing.prepare(settings, admin_url)


def test_named_reader_gets_limits(settings: Settings, admin_url: str) -> None:
    """One login was made without limits. The limits that an administrator set on the other are kept."""
    with psycopg.connect(admin_url, autocommit=True) as owner:
        owner.execute("create role bare_reader login in role kvalitet_detail_reader")
        owner.execute("create role strict_reader login in role kvalitet_detail_reader connection limit 1")
        for setting in ("statement_timeout = '1min'", "idle_in_transaction_session_timeout = '10s'"):
            owner.execute(f"alter role strict_reader set {setting}".encode())
        owner.execute("alter role strict_reader set temp_file_limit = '1GB'")
        try:
            named = [row["statement"] for row in read_status(settings)["not_in_force"]]
            assert [one for one in named if "_reader" in one] == [
                'alter role "bare_reader" connection limit 5',
                "alter role \"bare_reader\" set statement_timeout = '5min'",
                "alter role \"bare_reader\" set idle_in_transaction_session_timeout = '2min'",
                "alter role \"bare_reader\" set temp_file_limit = '5GB'",
            ]
            preparing.prepare(settings, admin_url)
            assert read_status(settings)["not_in_force"] == []
            kept = owner.execute("select rolconnlimit from pg_roles where rolname = 'strict_reader'").fetchone()
            assert kept == (1,)
        finally:
            owner.execute("drop role bare_reader, strict_reader")


def test_no_group_means_no_named_readers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """This is so on a new server with logins of other programs, before our roles are made."""
    monkeypatch.setattr(readers, "DETAIL_READER", "kvalitet_not_made_yet")
    with connect(settings, AUDITOR) as connection:
        assert readers.named_readers(connection) == []


def test_lock_error_names_holder_and_lock(settings: Settings) -> None:
    with (
        locks.holding(settings, "kvalitet_publisher", locks.PUBLICATION, ""),
        connect(settings, "kvalitet_publisher") as second,
        pytest.raises(locks.LockHeld, match=r"After 0.5 s of waiting, it is done by kvalitet, publication \(session"),
    ):
        locks.take(second, locks.PUBLICATION, "it is done", 0.5)
