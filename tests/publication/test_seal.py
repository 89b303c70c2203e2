"""No role can run code as a later one: what the builder leaves in the candidate is never run by the gate or the
publisher.

The first case is one that was found: `convert_to(text, text)` in the candidate matches the argument types of the
digest's query exactly. The gate and the publisher executed it, and it changed figures after the gate.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import synthetic
from psycopg import errors
from psycopg.rows import DictRow

from kvalitet.build.builds import get_build
from kvalitet.errors import KvalitetError
from kvalitet.gate.judging import measure_build
from kvalitet.publication import PublishRefused, finish_candidate, publish, seal
from kvalitet.publication.seal import NotSealed
from kvalitet.publication.strangers import Expected, strangers
from kvalitet.settings import AUDITOR, BI, GATE, LOADER, PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.build_schemas import drop_schemas, make_empty
from kvalitet.warehouse.connection import connect, fetch_all

AS_WHOEVER_CALLS = "language plpgsql as $$ begin insert into audit.nowhere values (1); return {result}; end $$"
PLANTED = {
    "a function that the digest calls": (
        f"create function candidate.convert_to(text, text) returns bytea {AS_WHOEVER_CALLS.format(result='null')}",
        "function candidate.convert_to(text,text)",
    ),
    "a cast of the rows to text": (
        "create function candidate_work.said(candidate.fct_complaint) returns text"
        f" {AS_WHOEVER_CALLS.format(result='null')};"
        " create cast (candidate.fct_complaint as text) with function candidate_work.said(candidate.fct_complaint)",
        "cast from candidate.fct_complaint to text",
    ),
    "an operator that a suite's comparison finds": (
        "create function candidate_work.same(text, text) returns boolean"
        f" {AS_WHOEVER_CALLS.format(result='true')};"
        " create operator candidate.= (leftarg = text, rightarg = text, function = candidate_work.same)",
        "operator candidate.=(text,text)",
    ),
    "a trigger on the stamp": (
        f"create function candidate_work.stamped() returns trigger {AS_WHOEVER_CALLS.format(result='new')};"
        " create trigger stamped before insert on candidate.publication"
        " for each row execute function candidate_work.stamped()",
        "trigger stamped on table candidate.publication",
    ),
    "a rule on the stamp": (
        "create rule stamped as on insert to candidate.publication do also"
        " update candidate.fct_indicator_value set value = 10 * value",
        "rule stamped on table candidate.publication",
    ),
    "a default that the stamp takes": (
        f"create function candidate_work.noted() returns text {AS_WHOEVER_CALLS.format(result='null')};"
        " alter table candidate.publication alter note set default candidate_work.noted()",
        "default value for column note of table candidate.publication",
    ),
    "a policy that readers run": (
        f"create function candidate_work.seen() returns boolean {AS_WHOEVER_CALLS.format(result='true')};"
        " create policy seen on candidate.dim_source for select using (candidate_work.seen())",
        "policy seen on table candidate.dim_source",
    ),
    "a view in place of a row-level table": (
        "create view candidate_detail.fct_complaint as select * from candidate.fct_complaint",
        "view candidate_detail.fct_complaint",
    ),
    "a type with a rule of its own": (
        f"create function candidate_work.fits(text) returns boolean {AS_WHOEVER_CALLS.format(result='true')};"
        " create domain candidate_work.word as text check (candidate_work.fits(value));"
        " alter table candidate.publication alter note type candidate_work.word",
        "column note of publication, whose type or collation is not Postgres' own",
    ),
    "an index over a function": (
        "create function candidate_work.low(text) returns text immutable language sql as 'select $1';"
        " create index low on candidate.dim_source (candidate_work.low(source_key))",
        "index low, which is not of plain columns",
    ),
    "a right to make triggers later": (
        "grant trigger on candidate.publication to kvalitet_transformer; alter table candidate.publication owner to"
        " kvalitet_candidate_owner; grant trigger on candidate.publication to kvalitet_transformer",
        "right TRIGGER of kvalitet_transformer on publication",
    ),
    "a right to make functions later": (
        "grant create on schema candidate to kvalitet_candidate_owner, kvalitet_transformer",
        "right CREATE of kvalitet_transformer on schema candidate",
    ),
    "a table of one's own that refers to ours": (
        "create table candidate_work.child (source_key text); alter table candidate.dim_source add primary key"
        " (source_key); alter table candidate_work.child add foreign key (source_key) references candidate.dim_source",
        "constraint child_source_key_fkey on table candidate_work.child",
    ),
    "a table that inherits": (
        "create table candidate_work.more () inherits (candidate.fct_indicator_value)",
        "inheritance of fct_indicator_value",
    ),
    "a check that calls": (
        "create function candidate_work.fits(bigint) returns boolean language sql as 'select true';"
        " alter table candidate.dim_source add check (candidate_work.fits(build_id))",
        "constraint dim_source_build_id_check on table candidate.dim_source",
    ),
    "statistics over a function": (
        "create function candidate_work.low(text) returns text immutable language sql as 'select $1';"
        " create statistics candidate.low on (candidate_work.low(source_key)) from candidate.dim_source",
        "statistics object candidate.low",
    ),
}  # fmt: skip


@contextmanager
def builder(settings: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection as the role that builds, with all rights of its memberships."""
    with connect(settings, TRANSFORMER) as connection:
        yield connection


@pytest.mark.parametrize("planted", PLANTED)
def test_executable_object_is_refused(settings: Settings, tmp_path: Path, planted: str) -> None:
    statements, named = PLANTED[planted]
    build_id = synthetic.build(settings)
    with builder(settings) as connection:
        connection.execute(statements.encode())

    with pytest.raises(NotSealed, match="hold what no model makes") as refused:
        finish_candidate(settings, build_id, synthetic.manifest(tmp_path))

    assert named in refused.value.what
    with pytest.raises(KvalitetError, match="is not sealed"):
        measure_build(settings, get_build(settings, build_id, GATE), [], synthetic.manifest(tmp_path))
    with connect(settings, GATE) as connection:
        connection.execute("update audit.build set status = 'passed' where build_id = %s", [build_id])
    with pytest.raises(PublishRefused, match="never sealed"):
        publish(settings, build_id)


@pytest.mark.parametrize(
    "change",
    [
        "create function candidate.convert_to(text, text) returns bytea language sql as 'select null::bytea'",
        "create table candidate.another (a int)",
        "create view candidate_detail.another as select 1 as a",
        "insert into candidate.dim_source select * from candidate.dim_source",
        "update candidate.fct_indicator_value set value = 10 * value",
        "truncate candidate.fct_complaint",
        "alter table candidate.fct_indicator_value add column a int",
        "create trigger t before insert on candidate.publication for each row execute function"
        " suppress_redundant_updates_trigger()",
        "drop table candidate.fct_complaint cascade",
        "drop schema candidate cascade",
        "alter schema candidate rename to mine",
        "grant all on candidate.fct_complaint to kvalitet_transformer",
        "create schema kvalitet_publisher",
        "create schema reporting_2 authorization kvalitet_candidate_owner",
        "create publication p for table candidate.dim_source",
    ],
)  # fmt: skip
@pytest.mark.parametrize("acting_as", [TRANSFORMER, "kvalitet_candidate_owner"])
def test_builder_cannot_change_candidate(sealed: Settings, change: str, acting_as: str) -> None:
    with builder(sealed) as connection:
        connection.execute(f"set role {acting_as}".encode())
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(change.encode())
        connection.rollback()


@pytest.fixture(scope="module")
def sealed(new_warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse with a candidate that passed the gate."""
    folder = tmp_path_factory.mktemp("sealed")
    with new_warehouse(folder) as settings:
        synthetic.passed_build(settings, folder)
        yield settings


def test_late_function_is_refused(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that began before the check ends after it, between seal and swap."""
    monkeypatch.setattr(seal, "OTHERS_SECONDS", 1.0)
    build_id, manifest = synthetic.build(settings), synthetic.manifest(tmp_path)
    with builder(settings) as waiting:
        waiting.execute(
            "create function candidate.convert_to(text, text) returns bytea language sql as 'select null::bytea'"
        )
        with pytest.raises(NotSealed, match=rf"still open: .*pid {waiting.info.backend_pid}"):
            finish_candidate(settings, build_id, manifest)
    with pytest.raises(NotSealed, match=r"function candidate.convert_to\(text,text\)"):
        finish_candidate(settings, build_id, manifest)


def test_only_own_transactions_are_ended(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.build(settings)
    with (
        psycopg.connect(settings.dsn(TRANSFORMER, application_name=f"kvalitet build {build_id}")) as own,
        psycopg.connect(settings.dsn(TRANSFORMER)) as other,
    ):
        for session in (own, other):
            session.execute(f"create table candidate_work.t_{session.info.backend_pid} (a int)".encode())
        timer = threading.Timer(3, other.rollback)
        timer.start()
        assert finish_candidate(settings, build_id, synthetic.manifest(tmp_path)).tables == 4
        with pytest.raises(psycopg.OperationalError):
            own.execute("select 1")
    assert get_build(settings, build_id).is_sealed


def test_object_added_after_gate_is_refused(settings: Settings, tmp_path: Path, admin_url: str) -> None:
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    second = synthetic.passed_build(settings, tmp_path)
    with synthetic.admin(admin_url) as admin:
        admin.execute(
            "create function candidate.convert_to(text, text) returns bytea language sql as 'select null::bytea'"
        )
    with pytest.raises(PublishRefused, match=r"function candidate.convert_to\(text,text\)"):
        publish(settings, second)
    assert fetch_all(settings, BI, "select build_id from reporting.publication") == [{"build_id": first}]


def test_killed_seal_is_resumed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, build_id = synthetic.manifest(tmp_path), synthetic.build(settings)
    with monkeypatch.context() as killed:
        killed.setattr(seal, "_wait_for_the_builder", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            finish_candidate(settings, build_id, manifest)
    assert not get_build(settings, build_id).is_sealed

    assert finish_candidate(settings, build_id, manifest).keys_added == 0
    assert get_build(settings, build_id).is_sealed
    assert finish_candidate(settings, build_id, manifest).lacking == ()


def test_lapsed_build_is_not_sealed(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.build(settings)
    with builder(settings) as connection:
        connection.execute("update audit.build set status = 'lapsed' where build_id = %s", [build_id])
    with pytest.raises(KvalitetError, match="is lapsed"):
        finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
    assert not get_build(settings, build_id).is_sealed


def test_only_publisher_can_seal(sealed: Settings) -> None:
    for role in (TRANSFORMER, GATE, LOADER, AUDITOR):
        with pytest.raises(errors.InsufficientPrivilege), connect(sealed, role) as connection:
            connection.execute("update audit.build set sealed_at = now()")


def test_new_build_replaces_sealed_one(settings: Settings, tmp_path: Path) -> None:
    synthetic.passed_build(settings, tmp_path)
    make_empty(settings, "candidate")
    query = "select count(*)::int as found from pg_class where relnamespace = 'candidate'::regnamespace"
    assert fetch_all(settings, TRANSFORMER, query) == [{"found": 0}]
    rebuild = synthetic.build(settings, target="rebuild_1")
    finish_candidate(settings, rebuild, synthetic.manifest(tmp_path))
    drop_schemas(settings, "rebuild_1")
    assert fetch_all(settings, TRANSFORMER, "select to_regnamespace('rebuild_1')::text as left_over") == [
        {"left_over": None}
    ]


def test_acting_roles_search_only_pg_catalog(settings: Settings) -> None:
    for role in (LOADER, TRANSFORMER, GATE, PUBLISHER, AUDITOR):
        shown = fetch_all(settings, role, "show search_path")
        assert shown == [{"search_path": "pg_catalog,pg_temp"}], role
    with psycopg.connect(settings.dsn(LOADER)) as connection:  # as ADBC connects
        assert connection.execute("show search_path").fetchone() == ("pg_catalog,pg_temp",)
    functions = fetch_all(
        settings,
        AUDITOR,
        "select oid::regprocedure::text as name, proconfig from pg_proc where oid >= 16384 and prosecdef",
    )
    assert functions
    assert all(row["proconfig"] == ["search_path=pg_catalog, pg_temp"] for row in functions), functions


def test_published_schema_holds_no_code(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    expected = Expected(
        ("publication", "dim_source", "fct_complaint", "fct_indicator_value", "table_reader"),
        ("fct_complaint",),
        (("fct_complaint", "by_centre"), ("fct_complaint", "gate"), ("fct_complaint", "auditor")),
    )
    with connect(settings, PUBLISHER) as connection:
        found = strangers(connection, "reporting", expected)
    assert found and all(one.startswith("right ") for one in found), "only the readers' rights have come"


#: From public advisories and manuals of Postgres, collected after the list of what is allowed was finished.
REPORTED = {
    "CVE-2018-1058: a function that an implicit cast prefers": (
        "create function candidate.lower(varchar) returns text language sql as 'select null::text'",
        "function candidate.lower(character varying)",
    ),
    "an aggregate in place of sum": (
        "create aggregate candidate.sum(numeric) (sfunc = numeric_add, stype = numeric, initcond = '1')",
        "function candidate.sum(numeric)",
    ),
    "CVE-2020-25695: a trigger that is deferred to the commit": (
        "create function candidate_work.late() returns trigger language plpgsql as 'begin return null; end';"
        " create constraint trigger late after insert on candidate.publication deferrable initially deferred"
        " for each row execute function candidate_work.late()",
        "trigger late on table candidate.publication",
    ),
    "CVE-2024-7348: another kind of relation in the table's place": (
        "drop table candidate.dim_source; create view candidate.dim_source as select 'bif'::text as source_key,"
        " 1::bigint as build_id",
        "dim_source, which is no plain table",
    ),
    "a materialized view in the table's place": (
        "drop table candidate.dim_source; create materialized view candidate.dim_source as"
        " select 'bif'::text as source_key, 1::bigint as build_id",
        "dim_source, which is no plain table",
    ),
    "a partitioned table in the table's place": (
        "drop table candidate.dim_source; create table candidate.dim_source (source_key text, build_id bigint)"
        " partition by list (source_key)",
        "dim_source, which is no plain table",
    ),
    "a collation of one's own, which could hold different texts for equal": (
        "create collation candidate_work.same (locale = 'C');"
        " alter table candidate.dim_source alter source_key type text collate candidate_work.same",
        "column source_key of dim_source",
    ),
    "a column that is computed": (
        "create function candidate_work.one(bigint) returns bigint immutable language sql as 'select $1';"
        " alter table candidate.dim_source"
        " add column c bigint generated always as (candidate_work.one(build_id)) stored",
        "default value for column c of table candidate.dim_source",
    ),
    "a conversion of the client's encoding": (
        "create default conversion candidate.c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
        "conversion",
    ),
    "rights that come with the next table": (
        "alter default privileges in schema candidate grant all on tables to kvalitet_bi",
        "default privileges",
    ),
    "a text search configuration": (
        "create text search configuration candidate.danish (copy = pg_catalog.danish)",
        "text search configuration candidate.danish",
    ),
}  # fmt: skip


@pytest.mark.parametrize("reported", REPORTED)
def test_reported_attack_is_refused_by_name(settings: Settings, tmp_path: Path, reported: str) -> None:
    statements, named = REPORTED[reported]
    build_id = synthetic.build(settings)
    with builder(settings) as connection:
        connection.execute(statements.encode())
    with pytest.raises(NotSealed) as refused:
        finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
    assert named in refused.value.what
