"""Reads a spooled table as typed, pseudonymised record batches, in bounded memory."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

import duckdb
import numpy
import pyarrow

from kvalitet.contracts import Contract, Table
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.account.scan import FILLED, Lookalike
from kvalitet.intake.balance import (
    Account,
    Broken,
    balanced,
    find_broken,
    find_elsewhere,
    refuse_joined,
    refuse_swallowed,
)
from kvalitet.intake.delivered import Delivered, as_text
from kvalitet.intake.pseudonyms import row_digest
from kvalitet.intake.query import typed_rows
from kvalitet.intake.reread import Reread
from kvalitet.intake.shape import fitted, has_shape
from kvalitet.intake.spool import SpooledFile
from kvalitet.spelling import macros
from kvalitet.spelling.text import header as as_header

BATCH_ROWS = 65_536
MEMORY_LIMIT = "384MB"
HASH_BLOCK_BYTES = 64


class Reading:
    """One table being read. `batches` may be consumed once, and everything else is known afterwards.

    `table` has the columns that are read. Records are named by their position among those of `delivered`, rows by their
    number among those of the batches.
    """

    def __init__(
        self,
        session: duckdb.DuckDBPyConnection,
        delivered: Delivered,
        query: Callable[[Path], str],
        digest: Callable[[str], str],
        reread: Reread,
        table: Table,
    ) -> None:
        self._session = session
        self._query = query
        self.table = table
        self._digest = digest
        self.delivered = delivered
        self.reread = reread
        self.batches = _numbered(session.sql(query(delivered.path)).to_arrow_reader(BATCH_ROWS), reread)

    @cached_property
    def broken(self) -> Broken:
        """The records whose columns cannot be told apart."""
        found = self._session.execute(
            "select line_byte_position - 1 as start, row_digest(ltrim(coalesce(any_value(csv_line), ''), chr(10) ||"
            " chr(13))) as digest from reject_errors group by start order by start"
        ).fetchall()
        whole, near = self._by_columns(self.delivered.records.lookalikes)
        return find_broken(self.delivered, found, [*whole, *self._shaped(near)], self._digest)

    def account(self, rows: int, set_aside: int) -> Account:
        """What became of everything that the file holds. `rows` were read, `set_aside` of them set aside by a rule.

        Raises DeliveryRefused where records are missing, or stand within the text of another one.
        """
        self._refuse_swallowed(self.broken.hidden_elsewhere)
        return balanced(self.delivered, self.broken, rows, set_aside)

    def _refuse_swallowed(self, swallowed: list[Lookalike]) -> None:
        """Raises DeliveryRefused where a line that looks like a record also has a record's shape by the contract."""
        if joined := self._shaped(find_elsewhere(self.delivered, self.broken, self.delivered.records.openings)):
            refuse_joined(self.delivered, [line.line for line in joined])
        whole, near = self._by_columns(swallowed)
        whole = self._shaped(whole)  # the near ones were looked at before
        if whole or near:
            refuse_swallowed(self.delivered, [line.line for line in whole or near], is_whole=bool(whole))

    def _by_columns(self, lines: list[Lookalike]) -> tuple[list[Lookalike], list[Lookalike]]:
        """The lines with as many columns as the header, and those with more or fewer."""
        columns = len(self.delivered.header())
        return [one for one in lines if len(one.values) == columns], [
            one for one in lines if len(one.values) != columns
        ]

    def _shaped(self, lines: list[Lookalike]) -> list[Lookalike]:
        """The lines that have a record's shape by the contract, whichever column is missing or too many."""
        if not lines:
            return []
        text = self.delivered.path.with_suffix(".lookalikes")
        header = self.delivered.header()
        with text.open("w", newline="", encoding="utf-8") as out:
            delimiter, quote_sign = self.delivered.delimiter, self.delivered.quote
            writer = csv.writer(
                out, delimiter=delimiter, quotechar=quote_sign, quoting=csv.QUOTE_ALL, lineterminator="\n"
            )
            ways = [(line, way) for line in lines for way in fitted(line.values, len(header), line.opens)]
            writer.writerows([header, *(way.values for _, way in ways)])
        problems = self._session.sql(f"select problems from ({self._query(text)})").fetchall()
        names = [as_header(name) for name in header]
        shaped = {
            line.start: line
            for (line, way), (found,) in zip(ways, problems, strict=True)
            if has_shape(self.table, names, way, found)
        }
        return list(shaped.values())

    def numbers(self, rows: list[int]) -> list[int]:
        """For each row, the line of the file or the row of the sheet or answer in which it was delivered."""
        kinds = self.delivered.records.places["kind"] == FILLED
        kinds[list(self.broken.records)] = False
        records = numpy.flatnonzero(kinds)[numpy.array(rows, numpy.int64) - 1]
        return [self.delivered.number(record) for record in records.tolist()]


def _numbered(batches: pyarrow.RecordBatchReader, reread: Reread) -> pyarrow.RecordBatchReader:
    """Add row_number, counting from 1, and take the counted column `reread` out of the rows.

    Numbered in DuckDB, the query would lose its second thread.
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

    Batches hold the table's raw columns, then row_hash, row_key, row_digest, problems (`column:rule;…`, null for an
    accepted row) and row_number. Raises DeliveryRefused where the header is not the agreed one. With `agrees_partly`,
    for a file of an earlier contract, only the columns are read that are agreed today.
    """
    reread = Reread(table)
    delivered = as_text(contract, table, file, keys, folder, reread)
    written = delivered.header()
    header = [as_header(name) for name in written]
    if agrees_partly:
        table = replace(table, columns=tuple(column for column in table.columns if column.header in header))
    else:
        _check_header(contract, table, file.file_name, header)
    for column in table.columns:
        reread.add(column.name, "header", int(column.header not in written))
    session = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2, "temp_directory": str(folder)})
    try:
        session.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
        session.execute("set timezone = 'UTC'")
        session.execute("set streaming_buffer_size = '64MB'")  # so that reading goes on while Postgres takes a batch
        _define_digests(session, keys)
        macros.define(session)

        def query(path: Path) -> str:
            return typed_rows(contract, table, path, header, delivered.delimiter, delivered.quote, cutoff)

        yield Reading(session, delivered, query, partial(row_digest, keys), reread, table)
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


def _check_header(contract: Contract, table: Table, file_name: str, header: list[str]) -> None:
    """Raises DeliveryRefused where the header's names or number differ from the contract. The order of columns is free.

    Delivered names are not repeated in the message: a file without a header would have its first row's values printed.
    """
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
