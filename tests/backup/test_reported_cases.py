"""Failures that others reported of backups with pg_dump and pg_restore, tried on our backup."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from comparing import catalogue, contents
from installations import CASES, Installation, deliver
from psycopg import sql

from kvalitet.backup import back_up, restore
from kvalitet.backup.script import _pass_on
from kvalitet.errors import KvalitetError
from kvalitet.persons.confirmation import confirm

pytestmark = pytest.mark.slow
New = Callable[[], Installation]


def test_tables_that_come_and_go_break_no_dump(small: Installation, tmp_path: Path) -> None:
    """A build makes and drops tables all the time. `relation … does not exist` was reported of such cases."""
    ended = threading.Event()

    def build() -> None:
        with psycopg.connect(small.admin_url, autocommit=True) as connection:
            while not ended.is_set():
                for schema in ("candidate", "candidate_work", "rebuild_1", "known_20240104_work"):
                    name = sql.Identifier(schema)
                    connection.execute(sql.SQL("drop schema if exists {} cascade").format(name))
                    connection.execute(sql.SQL("create schema {}").format(name))
                    for table in ("a", "b"):
                        connection.execute(
                            sql.SQL("create table {} (id bigint generated always as identity primary key)").format(
                                sql.Identifier(schema, table)
                            )
                        )

    thread = threading.Thread(target=build)
    thread.start()
    try:
        for _ in range(6):
            back_up(small.settings, tmp_path / "to")
            time.sleep(1.1)
    finally:
        ended.set()
        thread.join()


def test_object_needing_search_path_is_named(small: Installation, empty: New, tmp_path: Path) -> None:
    """A generated column uses a function that needs the search path. It can be dumped but not restored."""
    with psycopg.connect(small.admin_url, autocommit=True) as connection:
        connection.execute("create schema own")
        connection.execute("create function own.half(n bigint) returns bigint immutable language sql as 'select n / 2'")
        connection.execute(
            "create function own.quarter(n bigint) returns bigint immutable language plpgsql as"
            " 'begin return half(half(n)); end'"
        )
        connection.execute("set search_path = own")
        connection.execute("create table own.t (n bigint, q bigint generated always as (own.quarter(n)) stored)")
        connection.execute("insert into own.t values (8)")
    made = back_up(small.settings, tmp_path / "to", tmp_path / "keys")
    target = empty()
    with pytest.raises(KvalitetError, match=r"psql ended with code 3: .*function half\(bigint\) does not exist"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    assert contents(target.admin_url) == {}


def test_sequences_go_on_after_restore(small: Installation, empty: New, tmp_path: Path) -> None:
    """If sequences were not restored, everything would look well until the first insert."""
    made = back_up(small.settings, tmp_path / "to", tmp_path / "keys")
    target = empty()
    restore(target.settings, made.path, tmp_path / "keys", "test")
    confirm(target.settings, "test", "none")
    deliver(target.settings, "2025-01-04", *CASES, "2025 - 00001", "2025 - 00003")
    with psycopg.connect(target.admin_url) as connection:
        rows = connection.execute(
            "select s.schemaname || '.' || s.sequencename, s.last_value, d.refobjid::regclass::text, a.attname::text"
            " from pg_sequences as s join pg_depend as d on d.objid = format('%I.%I', s.schemaname,"
            " s.sequencename)::regclass and d.deptype = 'i' join pg_attribute as a on a.attrelid = d.refobjid"
            " and a.attnum = d.refobjsubid"
        ).fetchall()
        used = [row for row in rows if row[1] is not None]  # publication numbers do not come from the sequence
        assert {"audit.load_load_id_seq", "audit.build_build_id_seq"} <= {row[0] for row in used}
        for name, last, table, column in used:
            query = f"select coalesce(max(abs({column})), 0) from {table}"
            (highest,) = connection.execute(query).fetchone()  # type: ignore[arg-type, misc]
            assert last >= highest, name


TEXT = "SET transaction_timeout = 0;\n\\.\nCOPY x FROM stdin;\n\\restrict\ncommit;\tæøå ' \" $$ \\ \u2028"


def test_text_like_script_comes_back_unchanged(small: Installation, empty: New, tmp_path: Path) -> None:
    """The filter over the script must not take a row for a command."""
    with psycopg.connect(small.admin_url) as connection:
        connection.execute("insert into audit.alert (event, channel, title) values (%s, 'mail', %s)", [TEXT, TEXT])
        connection.execute("comment on table audit.alert is 'SET transaction_timeout = 0;\nit''s; drop schema raw;'")
    before = catalogue(small.admin_url), contents(small.admin_url)
    made = back_up(small.settings, tmp_path / "to", tmp_path / "keys")
    target = empty()
    restore(target.settings, made.path, tmp_path / "keys", "test")
    assert contents(target.admin_url) == before[1]
    assert catalogue(target.admin_url) == before[0]


def test_unknown_setting_is_left_out_once() -> None:
    import io

    row = b"SET transaction_timeout = 0;\n"
    script = b"--\n" + row + b"SET client_encoding = 'UTF8';\nCREATE TABLE a ();\nCOPY a FROM stdin;\n" + row + b"\\.\n"
    for version, kept in ((150000, 1), (160010, 1), (170000, 2), (180004, 2)):
        out = io.BytesIO()
        _pass_on(io.BytesIO(script), out, version)
        assert out.getvalue().count(row) == kept


def test_link_to_same_place_is_same_place(small: Installation, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "to")
    with pytest.raises(KvalitetError, match="The keys would lie with the data"):
        back_up(small.settings, tmp_path / "to", tmp_path / "link" / "keys")


def test_a_large_object_comes_back(small: Installation, empty: New, tmp_path: Path) -> None:
    """pg_dump leaves large objects out where schemas are chosen with --schema."""
    with psycopg.connect(small.admin_url) as connection:
        connection.execute("select lo_from_bytea(4711, 'kept'::bytea)")
    made = back_up(small.settings, tmp_path / "to", tmp_path / "keys")
    target = empty()
    restore(target.settings, made.path, tmp_path / "keys", "test")
    with psycopg.connect(target.admin_url) as connection:
        assert connection.execute("select lo_get(4711)").fetchone() == (b"kept",)


def test_two_in_same_second_are_never_mixed(small: Installation, tmp_path: Path, monkeypatch) -> None:
    from datetime import UTC, datetime

    from kvalitet.backup import making

    class Standing(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 3, 4, 0, tzinfo=UTC)

    monkeypatch.setattr(making, "datetime", Standing)
    first = back_up(small.settings, tmp_path / "to").path
    manifest = (first / "manifest.json").read_bytes()
    with pytest.raises(KvalitetError, match="could not be written"):
        back_up(small.settings, tmp_path / "to")
    assert (first / "manifest.json").read_bytes() == manifest
    assert [path.name for path in (tmp_path / "to").iterdir()] == [first.name]
