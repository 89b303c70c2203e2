"""The canonical form is as documented: a second verifier agrees, and values that the form cannot write are refused."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from psycopg import sql
from second_verifier import digest as second_digest

from kvalitet.evidence.canonical import NoCanonicalForm, digest, reading, row_hashes, table_rows, write
from kvalitet.settings import GATE, Settings

pytestmark = pytest.mark.slow
TABLE = sql.Identifier("tried", "t")


@pytest.fixture
def admin(admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.prepare_threshold = None  # a prepared statement would not fit the table when it is made again
        connection.execute("create schema tried; grant usage on schema tried to kvalitet_gate")
        connection.execute("alter default privileges in schema tried grant select on tables to kvalitet_gate")
        yield connection


def make(admin: psycopg.Connection, columns: dict[str, str], rows: list[tuple]) -> None:
    """Make the table again, with the given Postgres types."""
    admin.execute(sql.SQL("drop table if exists {}").format(TABLE))
    listed = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()]  # type: ignore[arg-type]
    admin.execute(sql.SQL("create table {} ({})").format(TABLE, sql.SQL(", ").join(listed)))
    for row in rows:
        values = sql.SQL(", ").join(map(sql.Literal, row))
        admin.execute(sql.SQL("insert into {} values ({})").format(TABLE, values))


def ours(settings: Settings) -> tuple[int, str]:
    with reading(settings, GATE) as cursor:
        return digest(cursor, table_rows(cursor, "tried", "t"))


def theirs(admin: psycopg.Connection, columns: dict[str, str]) -> tuple[int, str]:
    """The second verifier's digest over the values' texts, in a session with another time zone and date style."""
    admin.execute("set timezone = 'Asia/Kathmandu'")
    admin.execute("set datestyle = 'ISO, DMY'")
    result = admin.execute(sql.SQL("select * from {}").format(TABLE)).pgresult
    assert result is not None
    rows = []
    for number in range(result.ntuples):
        texts = (result.get_value(number, place) for place in range(len(columns)))
        rows.append(dict(zip(columns, (None if text is None else text.decode() for text in texts), strict=True)))
    return second_digest({name: kind_of(declared) for name, declared in columns.items()}, rows)


def kind_of(declared: str) -> str:
    """The kind that the document gives a Postgres type."""
    if declared.startswith("numeric"):
        return f"decimal({declared.removeprefix('numeric(').rstrip(')').split(',')[1].strip()})"
    return {"bigint": "integer", "smallint": "integer", "timestamptz": "instant"}.get(declared, declared)


#: Without the null character and single surrogates, because Postgres stores neither.
SIGNS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.text(SIGNS) | st.text(st.sampled_from("\\\t\n\r N\"'\x0b\x1c\u2028\u0085é\U0001f600"), max_size=6)
NAMES = st.text(SIGNS, min_size=1, max_size=15) | st.sampled_from(["value", "Value", "æ", "a b", 'a"b', "a\tb", "%s"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "boolean": st.booleans(),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "numeric(38, 10)": st.decimals(-(10**27), 10**27, places=10) | st.sampled_from([Decimal("-0"), Decimal("1e-10")]),
    "numeric(9, 0)": st.integers(-(10**8), 10**8).map(Decimal),
    "numeric(6, 5)": st.decimals(-9, 9, places=5),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamptz": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=lambda name: name.encode().lower()))
    columns = {name: draw(st.sampled_from(sorted(VALUES))) for name in names}
    row = st.tuples(*(st.none() | VALUES[declared] for declared in columns.values()))
    return columns, draw(st.lists(row, max_size=8))


def test_verifier_from_document_alone_agrees(settings: Settings, admin: psycopg.Connection) -> None:
    @tries(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(tables())
    def agrees(table: tuple[dict[str, str], list[tuple]]) -> None:
        columns, rows = table
        make(admin, columns, rows)
        assert ours(settings) == theirs(admin, columns)

    agrees()


def test_digest_known_beforehand(settings: Settings, admin: psycopg.Connection) -> None:
    """Written out by hand and hashed by `sha256sum`. A change of the form fails here."""
    columns = {"value": "numeric(38, 10)", "name": "text", "ended_at": "timestamptz", "is_open": "boolean"}
    make(admin, columns, [(Decimal(1), "", None, True), (Decimal("-0.5"), "a\tb", "2024-01-31 23:59+01", False)])
    head = "kvalitet canonical form 2\nended_at:instant\tis_open:boolean\tname:text\tvalue:decimal(10)\n"
    first = r"\N{t}true{t}{t}1.0000000000".replace("{t}", "\t")
    second = "2024-01-31T22:59:00.000000Z\tfalse\ta\\tb\t-0.5000000000"
    sums = sorted(shell_sum(row) for row in (first, second))
    assert ours(settings) == (2, shell_sum(head + "".join(f"{one}\n" for one in sums)))


def shell_sum(text: str) -> str:
    return subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True).stdout.decode()[:64]


def test_two_lines_of_shell_give_the_digest(settings: Settings, admin: psycopg.Connection, tmp_path: Path) -> None:
    columns = {"text": "text", "number": "integer"}
    make(admin, columns, [("æ", 1), ("a\nb", 2), (None, 3), ("\\N", 4), ("æ", 1)])
    with reading(settings, GATE) as cursor, (tmp_path / "x.tsv").open("wb") as out:
        write(cursor, table_rows(cursor, "tried", "t"), out)
    document = (settings.root / "docs" / "canonical-form.md").read_text()
    lines = document.split("```sh\n")[1].split("```")[0]
    command = f"export LC_ALL=C\n{lines}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert (5, done.stdout.decode()[:64]) == ours(settings)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("numeric", "1"), ("double precision", "1"), ("timestamp", "2024-01-01"), ("jsonb", "{}"), ("text[]", "{}"),
        ("char(3)", "a"), ("numeric(3, -2)", "100"), ("numeric(38, 10)", "NaN"), ("date", "infinity"),
        ("date", "0044-03-15 BC"), ("date", "10000-01-01"), ("timestamptz", "-infinity"), ("interval", "1 day"),
    ],
)  # fmt: skip
def test_unwritable_value_is_refused_by_column(
    settings: Settings, admin: psycopg.Connection, declared: str, value: str
) -> None:
    make(admin, {"odd": declared}, [(value,)])
    with pytest.raises(NoCanonicalForm, match=r"t\.odd has no canonical form"):
        ours(settings)


@pytest.mark.parametrize(
    "change",
    [
        "update tried.t set name = null where name = ''",
        "update tried.t set name = ' ' where name = ''",
        "update tried.t set value = value + 0.0000000001 where id = 1",
        "update tried.t set id = 2, value = value where id = 1",
        "insert into tried.t select * from tried.t where id = 1",
        "delete from tried.t where id = 1",
        "alter table tried.t rename value to values",
        "alter table tried.t alter value type numeric(38, 9)",
        "alter table tried.t alter value type text using value::text",
        "create table tried.more () inherits (tried.t); insert into tried.more (id) values (9)",
    ],
)
def test_any_change_shows(settings: Settings, admin: psycopg.Connection, change: str) -> None:
    make(admin, {"id": "integer", "name": "text", "value": "numeric(38, 10)"}, [(1, "", Decimal(1)), (3, "x", None)])
    before = ours(settings)
    admin.execute(change.encode())
    assert ours(settings) != before
    admin.execute("drop table if exists tried.more")


def test_row_and_column_order_does_not_matter(settings: Settings, admin: psycopg.Connection) -> None:
    make(admin, {"a": "integer", "b": "text"}, [(1, "x"), (2, "y")])
    before = ours(settings)
    make(admin, {"b": "text", "a": "bigint"}, [("y", 2), ("x", 1)])
    assert ours(settings) == before, "nor does the size of a whole number"


def test_rows_beyond_one_batch_count_once(settings: Settings, admin: psycopg.Connection) -> None:
    """300,000 rows come in several batches. The digest is the same as over one row after the other."""
    admin.execute("create table tried.t as select i as id from generate_series(1, 300000) as i")
    admin.execute("grant select on tried.t to kvalitet_gate")
    rows = ({"id": str(number)} for number in range(1, 300_001))
    assert ours(settings) == second_digest({"id": "integer"}, rows)
    with reading(settings, GATE) as cursor:
        assert row_hashes(cursor, table_rows(cursor, "tried", "t"), "id").num_rows == 300_000
