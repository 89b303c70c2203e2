"""Reads a spooled table as typed, pseudonymised record batches, in bounded memory."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import numpy
import pyarrow

from kvalitet.contracts import Column, Contract, Table
from kvalitet.contracts.patterns import to_shape
from kvalitet.errors import DeliveryRefused
from kvalitet.intake import line_ends, statistics_json, workbook
from kvalitet.intake.columns import column_sql, is_free, may_hold_number
from kvalitet.intake.reread import Reread
from kvalitet.intake.row_key import row_key
from kvalitet.intake.spool import SpooledFile
from kvalitet.spelling import macros
from kvalitet.spelling.macros import quote
from kvalitet.spelling.text import header as as_header

BATCH_ROWS = 65_536
MEMORY_LIMIT = "384MB"
#: Longest record; a quote left open swallows the rest of the file up to here.
MAX_RECORD_BYTES = 2_097_152
HASH_BLOCK_BYTES = 64


@dataclass(frozen=True)
class BrokenRecord:
    """A record whose columns cannot be told apart: its line in the file and a keyed digest of it."""

    line: int
    digest: str


class Reading:
    """One table being read. `batches` may be consumed once; `broken` and `reread` are known afterwards.

    `table` has the columns that are read.
    """

    def __init__(self, session: duckdb.DuckDBPyConnection, query: str, reread: Reread, table: Table) -> None:
        self._session = session
        self.table = table
        self.reread = reread
        self.batches = _numbered(session.sql(query).to_arrow_reader(BATCH_ROWS), reread)

    def broken_count(self) -> int:
        """How many records have another number of columns than agreed, or an open quote."""
        return self._session.execute("select count(distinct line) from reject_errors").fetchall()[0][0]

    def broken(self) -> list[BrokenRecord]:
        rows = self._session.execute(
            "select line, row_digest(coalesce(any_value(csv_line), '')) from reject_errors group by line order by line"
        ).fetchall()
        return [BrokenRecord(*row) for row in rows]


def _numbered(batches: pyarrow.RecordBatchReader, reread: Reread) -> pyarrow.RecordBatchReader:
    """Add row_number, counting from 1, and take what is counted out of the rows.

    DuckDB would give up its second thread for a number of its own.
    """
    place = batches.schema.get_field_index("reread")
    schema = batches.schema.remove(place).append(pyarrow.field("row_number", pyarrow.int64()))

    def number() -> Iterator[pyarrow.RecordBatch]:
        before = 0
        for batch in batches:
            reread.count(batch)
            numbers = pyarrow.array(numpy.arange(before + 1, before + 1 + batch.num_rows))
            columns = [column for index, column in enumerate(batch.columns) if index != place]
            yield pyarrow.RecordBatch.from_arrays([*columns, numbers], schema=schema)
            before += batch.num_rows

    return pyarrow.RecordBatchReader.from_batches(schema, number())


@contextmanager
def reading(
    contract: Contract,
    table: Table,
    file: SpooledFile,
    keys: tuple[bytes, ...],
    folder: Path,
    cutoff: date,
    agrees_partly: bool = False,
) -> Iterator[Reading]:
    """Open `table` for reading.

    Batches hold the table's raw columns, then row_hash, row_key, row_digest, problems
    (`column:rule;…`, null for an accepted row) and row_number. Raises DeliveryRefused where the header
    is not the agreed one. `agrees_partly`: of a file of an earlier contract, only the columns
    are read that are agreed today.
    """
    path, reread = file.path, Reread(table)
    delimiter, quote_sign = contract.delimiter, contract.quote
    if contract.file_format != "csv":
        path = folder / f"{table.name}.csv"
        if contract.file_format == "xlsx":
            workbook.write_table(contract, table, file.path, file.file_name, path)
        else:
            statistics_json.write_table(file.path, file.file_name, path)
        delimiter, quote_sign = ",", '"'
    elif file.has_mixed_line_ends:
        path, count = line_ends.unify(path, quote_sign, folder / f"{table.name}.csv")
        reread.add("*", "line_end", count)
    delivered = _header(path, delimiter, quote_sign)
    header = [as_header(name) for name in delivered]
    if agrees_partly:
        table = replace(table, columns=tuple(column for column in table.columns if column.header in header))
    else:
        _check_header(contract, table, file.file_name, header)
    for column in table.columns:
        reread.add(column.name, "header", int(column.header not in delivered))
    session = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2, "temp_directory": str(folder)})
    try:
        session.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
        session.execute("set timezone = 'UTC'")
        session.execute("set streaming_buffer_size = '64MB'")  # so that reading goes on while Postgres takes a batch
        _define_digests(session, keys)
        macros.define(session)
        yield Reading(session, _query(contract, table, path, header, delimiter, quote_sign, cutoff), reread, table)
    finally:
        session.close()


def _define_digests(session: duckdb.DuckDBPyConnection, keys: tuple[bytes, ...]) -> None:
    """The digests of kvalitet.intake.pseudonyms (HMAC-SHA-256, RFC 2104) as SQL macros."""
    person, row = "value", "value"
    for number, key in enumerate(keys):
        block = key.ljust(HASH_BLOCK_BYTES, b"\0")
        for name, pad in (("inner", 0x36), ("outer", 0x5C)):
            session.execute(f"set variable {name}_{number} = ?", [bytes(byte ^ pad for byte in block)])
        inner, outer = f"getvariable('inner_{number}')", f"getvariable('outer_{number}')"
        person = f"sha256({outer} || unhex(sha256({inner} || encode('person:' || {person}))))"
        row = f"sha256({outer} || unhex(sha256({inner} || encode('row:' || {row}))))"
    session.execute(f"create macro pseudonym(value) as {person}")
    session.execute(f"create macro row_digest(value) as {row}")


def _header(path: Path, delimiter: str, quote_sign: str) -> list[str]:
    with path.open(newline="", encoding="utf-8") as lines:
        try:
            return next(csv.reader(lines, delimiter=delimiter, quotechar=quote_sign), [])
        except csv.Error:
            return []


def _check_header(contract: Contract, table: Table, file_name: str, header: list[str]) -> None:
    """The order of columns is free; their names and number are not. Delivered names are not repeated here:
    a file without a header would have its first row's values printed."""
    agreed = [column.header for column in table.columns]
    missing = [name for name in agreed if name not in header]
    extra = [str(position) for position, name in enumerate(header, 1) if name not in agreed]
    twice = [name for name in agreed if header.count(name) > 1]
    if len(header) == 1 and len(agreed) > 1:
        raise DeliveryRefused(
            f"{file_name}: the first line has one column; the agreed delimiter is {contract.delimiter!r}.",
            "Ask for the agreed delimiter, or correct `delimiter` in the contract.",
        )
    if missing or extra or twice:
        parts = [
            f"missing: {', '.join(missing)}" if missing else "",
            f"not agreed: column {', '.join(extra)}" if extra else "",
            f"there twice: {', '.join(twice)}" if twice else "",
        ]
        raise DeliveryRefused(
            f"{file_name}: the header is not the agreed one ({'; '.join(filter(None, parts))}).",
            "Ask for the agreed columns, or agree on a new version of the contract.",
        )


def _query(
    contract: Contract, table: Table, path: Path, header: list[str], delimiter: str, quote_sign: str, cutoff: date
) -> str:
    position = {name: index for index, name in enumerate(header)}
    columns = ", ".join(f"'r{index}': 'varchar'" for index in range(len(header)))
    landed = [column for column in table.columns if column.is_landed]
    texts, clean, typed, outputs, problems, hashed, reread, persons = [], [], [], [], [], [], [], []
    key_ok: list[str] = []
    for column in landed:
        raw = f"r{position[column.header]}"
        v, c, t = f"v_{column.name}", f"c_{column.name}", f"t_{column.name}"
        expressions = column_sql(contract, column, v, c, t, cutoff)
        texts.append(f"case when is_odd then nullif(tidied({raw}), '') else {raw} end as {v}")
        reread.append(f"case when {raw} is distinct from {v} then readings({raw}, {quote(column.name)}) end")
        clean.append(f"{expressions.clean} as {c}")
        typed.append(f"{expressions.typed} as {t}")
        # Of a row set aside, only a readable key goes further.
        kept = "key_is_readable" if column.key_position is not None else "problems is null"
        outputs.append(f"case when {kept} then {t} end as {column.name}")
        as_text = f"epoch_us({t})" if column.logical_type == "timestamp" else t
        hashed.append(f"coalesce({as_text}::varchar, chr(30))")
        if column.missing_reason_name:
            typed.append(f"{expressions.missing_reason} as m_{column.name}")
            outputs.append(f"m_{column.name} as {column.missing_reason_name}")
            hashed.append(f"coalesce(m_{column.name}, chr(30))")
        if expressions.broken_rule:
            problems.append(f"{quote(column.name + ':')} || {expressions.broken_rule}")
        if expressions.reread:
            (persons if column.classification == "personal" else reread).append(expressions.reread)
        if column.key_position is not None:
            key_ok.append(f"{t} is not null and ({expressions.broken_rule or 'null'}) is null")
    repeated = " and ".join(f"v_{c.name} = {quote(c.header)}" for c in table.columns if c.key_position is not None)
    filled = ", ".join(f"nullif(trim(r{index}), '')" for index in range(len(header)))
    all_raw = ", ".join(f"coalesce(r{index}, chr(30))" for index in range(len(header)))
    is_odd = _is_odd(landed, {column.name: f"r{position[column.header]}" for column in landed})
    person = f"nullif(concat_ws(';', {', '.join(persons)}), '')" if persons else "null::varchar"
    key = row_key([f"t_{name}::varchar" for name in table.key])
    return f"""
        with delivered as (
            select *
            from read_csv({quote(str(path))}, auto_detect = false, header = true, delim = {quote(delimiter)},
                quote = {quote(quote_sign)}, escape = {quote(quote_sign)}, nullstr = '', strict_mode = true,
                store_rejects = true, max_line_size = {MAX_RECORD_BYTES}, columns = {{{columns}}})
        ),
        looked_at as (
            select *, {is_odd} as is_odd from delivered
        ),
        tidied as (select *, {", ".join(texts)} from looked_at),
        cleaned as (select *, {", ".join(clean)} from tidied),
        looked_through as (select *, {_may_hold(landed)} as may_hold from cleaned),
        typed as (select *, {", ".join(typed)} from looked_through),
        judged as (
            select *,
                case when {repeated} then '*:header_repeated' when coalesce({filled}) is null then '*:empty_record'
                else nullif(concat_ws(';', {", ".join(problems) or "null"}), '') end as problems
            from typed
        ),
        keyed as (select *, problems is null or ({" and ".join(key_ok)}) as key_is_readable from judged)
        select {", ".join(outputs)},
            md5(concat_ws(chr(31), {", ".join(hashed)})) as row_hash,
            case when problems is not null and key_is_readable then {key} end as row_key,
            case when problems is not null then row_digest(concat_ws(chr(31), {all_raw})) end as row_digest,
            problems,
            case when is_odd then nullif(concat_ws(';', {", ".join([*reread, person])}), '') else {person} end as reread
        from keyed
    """


def _may_hold(landed: list[Column]) -> str:
    """What says of a row that an identity number is written in one of its free texts: one pattern for all of them."""
    free = [f"c_{column.name}" for column in landed if is_free(column)]
    if not free:
        return "false"
    return may_hold_number(f"concat_ws({macros.SEPARATOR}, {', '.join(free)})")


def _is_odd(landed: list[Column], raws: dict[str, str]) -> str:
    """What says of a row that one of its texts may be read as something else than it is; few others are odd.

    A date of the agreed length is either in order or set aside, so only the others' texts are looked through.
    """
    widths = {c.name: len(to_shape(c.format or "").encode()) for c in landed if c.logical_type in ("date", "timestamp")}
    others = [raws[column.name] for column in landed if column.name not in widths]
    tests = [f"coalesce(strlen({raws[name]}) <> {width}, false)" for name, width in widths.items()]
    if others:
        words = tuple(word for column in landed for word in column.nothing)
        row = f"concat_ws({macros.SEPARATOR}, {', '.join(others)})"
        tests.insert(0, f"regexp_matches({row}, {quote(macros.odd_row(words))})")
    return " or ".join(tests)
