"""The canonical form of a table's rows, number 2. docs/canonical-form.md describes it for a second verifier.

The rows are fetched typed (Arrow over Postgres' binary COPY) and written, hashed and sorted here, in DuckDB. The server
is asked only for the rows and the columns' types.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.address import ACTING_PATH

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

#: The form's number, which is part of what is hashed. Form 1 is in publication/digest.py.
FORM = 2
HEAD = f"kvalitet canonical form {FORM}"

#: Postgres' types by their object identifiers, which no server can give another meaning.
_KINDS = {16: "boolean", 20: "integer", 21: "integer", 23: "integer", 25: "text", 1043: "text", 1082: "date",
          1184: "instant"}  # fmt: skip
_NUMERIC = 1700
BATCH_ROWS = 1 << 17
_NULL = r"'\N'"
#: How each kind is written: DuckDB SQL, where {c} is the column. A value outside of its range raises `error`.
_WRITTEN = {
    "text": r"replace(replace(replace(replace({c}, '\', '\\'), chr(9), '\t'), chr(10), '\n'), chr(13), '\r')",
    "boolean": "case when {c} then 'true' when not {c} then 'false' end",
    "integer": "cast({c} as varchar)",
    "date": "case when {c} between date '0001-01-01' and date '9999-12-31' then cast({c} as varchar)"
    " when {c} is not null then error({why}) end",
    "instant": "case when epoch_us({c}) between -62135596800000000 and 253402300799999999"
    " then strftime(make_timestamp(epoch_us({c})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    " when {c} is not null then error({why}) end",
    "decimal": "case when regexp_full_match({c}, {digits}) then {c} when {c} is not null then error({why}) end",
}
_REFUSED = "no canonical form: "


class NoCanonicalForm(KvalitetError):
    """A column's type, or a value in it, has no canonical form."""


class NotReadable(KvalitetError):
    """The server does not return the rows."""


@dataclass(frozen=True, order=True)
class Column:
    """A column's name and kind: text, boolean, integer, date, instant, or decimal with its `scale`."""

    name: str
    kind: str
    scale: int | None = None

    @property
    def header(self) -> str:
        kind = self.kind if self.scale is None else f"{self.kind}({self.scale})"
        return f"{_escaped(self.name)}:{kind}"

    def written(self) -> str:
        """The SQL that writes the column's values. It is never null."""
        quoted = '"' + self.name.replace('"', '""') + '"'
        digits = rf"'-?[0-9]+\.[0-9]{{{self.scale}}}'" if self.scale else "'-?[0-9]+'"
        why = "'" + f"{_REFUSED}{self.name}".replace("'", "''") + "'"
        return f"coalesce({_WRITTEN[self.kind].format(c=quoted, digits=digits, why=why)}, {_NULL})"


@dataclass(frozen=True)
class Rows:
    """What is to be written: a query and the columns that it returns."""

    name: str
    query: str
    columns: tuple[Column, ...]

    @property
    def header(self) -> str:
        return "\t".join(column.header for column in self.columns)


@contextmanager
def reading(settings: Settings, role: str) -> Iterator["Cursor"]:
    """A cursor as `role` in one transaction, with only Postgres' own schemas on its search path. Raises NotReadable."""
    import adbc_driver_postgresql.dbapi as adbc

    dsn = settings.dsn(role, options=ACTING_PATH)
    try:
        connection = adbc.connect(dsn)
    except adbc.Error as error:
        said = str(error).strip().splitlines()[-1]
        raise NotReadable(f"The warehouse cannot be read as {role}: {said}.", "See `kvalitet status`.") from None
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    except adbc.Error as error:  # the error's text may hold values
        raise NotReadable(
            f"What was asked for cannot be read as {role} ({error.sqlstate}).", "See its rights."
        ) from None


def table_rows(cursor: "Cursor", schema: str, table: str) -> Rows:
    """All rows of a table or view, with its columns in the order of their names.

    Raises NoCanonicalForm where a column's type has none, such as a numeric without a declared scale.
    """
    cursor.execute(
        "select a.attname::text, a.atttypid::int8, a.atttypmod from pg_catalog.pg_attribute as a"
        " inner join pg_catalog.pg_class as c on a.attrelid = c.oid"
        " inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid"
        " where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped",
        [schema, table],
    )
    columns = tuple(sorted((_column(table, *row) for row in cursor.fetchall()), key=lambda c: c.name.encode()))
    if twin := _twin(columns):
        raise _refusal(table, twin, "a namesake but for upper and lower case")
    names = ", ".join(map(_quoted, (column.name for column in columns)))
    return Rows(table, f"select {names} from {_quoted(schema)}.{_quoted(table)}", columns)


def _twin(columns: tuple[Column, ...]) -> str | None:
    """A column whose name differs from another's only by case. DuckDB, which writes the rows, treats both as one."""
    names = sorted((column.name.encode().lower(), column.name) for column in columns)
    return next((name for (one, name), (other, _) in pairwise(names) if one == other), None)


def digest(cursor: "Cursor", rows: Rows) -> tuple[int, str]:
    """The number of rows and the SHA-256 of their canonical form. Raises NoCanonicalForm."""
    return digests_by(cursor, rows, None).get(None) or (0, empty_digest(rows))


def empty_digest(rows: Rows) -> str:
    """The SHA-256 of a table of these columns without any rows."""
    return _start(rows).hexdigest()


def digests_by(cursor: "Cursor", rows: Rows, key: str | None) -> dict[Any, tuple[int, str]]:
    """Row count and SHA-256 per value of `key`, a further column of the query. Values without rows are left out."""
    found: dict[Any, tuple[int, Any]] = {}
    chosen = f"{_quoted(key)} as key" if key else "null::integer as key"
    query = f"select {chosen}, sha256({_line(rows)}) || chr(10) as hash from fetched order by key, hash"
    for batch in _select(cursor, rows, query):
        keys = batch.column(0).to_numpy(zero_copy_only=False) if key else np.zeros(len(batch))
        cuts = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1), len(batch)]
        for start, end in pairwise(cuts):
            one = int(keys[start]) if key else None
            count, whole = found.setdefault(one, (0, _start(rows)))
            whole.update(_bytes(batch.column(1).slice(start, end - start)))
            found[one] = (count + int(end - start), whole)
    return {one: (count, whole.hexdigest()) for one, (count, whole) in found.items()}


def counted_by(settings: Settings, role: str, rows: Rows, key: str, keys: set[int]) -> dict[int, dict[str, Any]]:
    """`rows` and `sha256` of the rows of each of `keys`, read as `role` in one go. Raises NoCanonicalForm."""
    found = dict.fromkeys(keys, (0, empty_digest(rows)))
    if keys:
        listed = ", ".join(f"{one:d}" for one in sorted(keys))
        chosen = Rows(rows.name, f"{rows.query} where {key} in ({listed})", rows.columns)
        with reading(settings, role) as cursor:
            found |= digests_by(cursor, chosen, key)
    return {one: {"rows": count, "sha256": sha256} for one, (count, sha256) in found.items()}


def row_hashes(cursor: "Cursor", rows: Rows, beside: str) -> pa.Table:
    """Each row's own hash beside the text in its column `beside`, to compare a part of the rows with the whole."""
    query = f"select cast({_quoted(beside)} as varchar) as beside, sha256({_line(rows)}) as hash from fetched"
    return pa.Table.from_batches(list(_select(cursor, rows, query)), pa.schema({"beside": "string", "hash": "string"}))


def write(cursor: "Cursor", rows: Rows, out: IO[bytes]) -> None:
    """Write the rows as they are hashed, one line each, sorted, below the two lines of the head."""
    out.write(f"{HEAD}\n{rows.header}\n".encode())
    for batch in _select(cursor, rows, f"select {_line(rows)} || chr(10) as line from fetched order by line"):
        out.write(_bytes(batch.column(0)))


def _select(cursor: "Cursor", rows: Rows, query: str) -> Iterator[pa.RecordBatch]:
    """Batches that DuckDB makes of the fetched rows, which stream through it."""
    import duckdb

    cursor.execute(rows.query)
    with duckdb.connect(config={"threads": 2}) as engine:
        engine.register("fetched", cursor.fetch_record_batch())
        try:
            yield from engine.sql(query).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            refused = str(error).rpartition(_REFUSED)
            if not refused[1]:
                raise
            raise _refusal(rows.name, refused[2].strip(), "a value that it cannot write") from None


def _column(table: str, name: str, type_id: int, modifier: int) -> Column:
    if type_id in _KINDS:
        return Column(name, _KINDS[type_id])
    scale = (modifier - 4) & 0x7FF  # of numeric(precision, scale), where a negative scale has the highest bit set
    if type_id == _NUMERIC and modifier >= 0 and scale < 0x400:
        return Column(name, "decimal", scale)
    why = "no declared scale, such as numeric(38, 10)" if type_id == _NUMERIC else "a type that it does not know"
    raise _refusal(table, name, why)


def _refusal(table: str, column: str, why: str) -> NoCanonicalForm:
    return NoCanonicalForm(
        f"{table}.{column} has no canonical form: it has {why}.",
        "Give the column a type that docs/canonical-form.md lists, or correct the value, and build again.",
    )


def _line(rows: Rows) -> str:
    return f"concat_ws(chr(9), {', '.join(column.written() for column in rows.columns)})"


def _start(rows: Rows) -> Any:
    return hashlib.sha256(f"{HEAD}\n{rows.header}\n".encode())


def _bytes(column: pa.Array) -> pa.Buffer:
    """The bytes of all texts of a column, one after the other, as they lie in memory."""
    texts = column.cast(pa.large_string())
    _, offsets, data = texts.buffers()
    if data is None:
        return pa.py_buffer(b"")
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return data.slice(int(ends[0]), int(ends[-1] - ends[0]))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
