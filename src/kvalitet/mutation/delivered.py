"""The delivered tables of a source as DuckDB tables of texts: changed by SQL, then written back as delivered."""

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any, cast

import duckdb
import openpyxl
import pyarrow
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from kvalitet.contracts import Contract, Table
from kvalitet.errors import KvalitetError

#: The text of each cell, row by row, with the header first.
Texts = list[list[str]]


def change_tables(folder: Path, contract: Contract, sql: str) -> int:
    """Run `sql` over the source's files in `folder`. Returns how many rows came, went or changed.

    Each table bears the name that the contract gives it, its columns are the delivered headers. Cells are texts: of a
    workbook a number as Python writes it, a date as ISO 8601. Statements end with a semicolon at the end of a line.
    Raises KvalitetError where the source has no files or none of its rows differ afterwards.
    """
    changed = 0
    with duckdb.connect() as session:
        before = {table.name: _load(session, folder, contract, table) for table in contract.tables.values()}
        for statement in statements(sql):
            session.execute(statement)
        for name, (file, texts) in before.items():
            rows = session.execute(f'select * from "{name}"').fetchall()
            after = [texts[0], *([value or "" for value in row] for row in rows)]
            moved = _difference(texts[1:], after[1:])
            if moved:
                _write(file, contract, contract.tables[name], after)
            changed += moved
    if not changed:
        raise KvalitetError(f"The incident changes nothing that {contract.id} delivers.", "Mend its sql.")
    return changed


def statements(sql: str) -> list[str]:
    """One or several statements, each ended by a semicolon at the end of a line."""
    return [part for part in re.split(r";\s*$", sql, flags=re.MULTILINE) if part.strip()]


def _load(session: duckdb.DuckDBPyConnection, folder: Path, contract: Contract, table: Table) -> tuple[Path, Texts]:
    """Make the table in `session`. Returns its newest file and its texts."""
    files = sorted(folder.glob(table.file_pattern.replace("{cutoff}", "*")))
    if not files:
        raise KvalitetError(f"{contract.id} delivers no {table.file_pattern} that night.", "Choose another source.")
    texts = _read(files[-1], contract, table)
    columns = list(zip(*texts[1:], strict=True)) or [()] * len(texts[0])
    session.register("delivered", pyarrow.table([pyarrow.array(c, pyarrow.string()) for c in columns], texts[0]))
    session.execute(f'create table "{table.name}" as select * from delivered')
    session.unregister("delivered")
    return files[-1], texts


def _difference(before: Texts, after: Texts) -> int:
    """The number of rows by which two tables differ, whatever their order."""
    rest = list(map(tuple, before))
    counts: dict[tuple[str, ...], int] = {}
    for row in rest:
        counts[row] = counts.get(row, 0) + 1
    more = 0
    for row in map(tuple, after):
        if counts.get(row):
            counts[row] -= 1
        else:
            more += 1
    return max(more, sum(counts.values()))


def _read(file: Path, contract: Contract, table: Table) -> Texts:
    if contract.file_format == "csv":
        text = file.read_bytes().decode(contract.encoding)
        return list(csv.reader(StringIO(text, newline=""), delimiter=contract.delimiter, quotechar=contract.quote))
    sheet = _Sheet(file, contract, table)
    return [sheet.headers, *([as_text(cell.value) for cell in sheet.cells(row)] for row in sheet.records)]


def _write(file: Path, contract: Contract, table: Table, texts: Texts) -> None:
    if contract.file_format == "csv":
        before = file.read_bytes().decode(contract.encoding)
        with file.open("w", encoding=contract.encoding, newline="") as out:
            csv.writer(
                out,
                delimiter=contract.delimiter,
                quotechar=contract.quote,
                quoting=csv.QUOTE_ALL if before.startswith(contract.quote) else csv.QUOTE_MINIMAL,
                lineterminator="\r\n" if "\r\n" in before else "\n",
            ).writerows(texts)
        return
    _Sheet(file, contract, table).write(texts[1:])


class _Sheet:
    """A table in a workbook. `records` are the rows with a key, among them others that people write into sheets."""

    def __init__(self, file: Path, contract: Contract, table: Table) -> None:
        if contract.file_format != "xlsx":
            raise KvalitetError(f"{contract.id} delivers {contract.file_format}.", "Choose one of CSV or workbooks.")
        self._file = file
        self._book = openpyxl.load_workbook(file)
        self._sheet: Worksheet = self._book[table.sheet or self._book.sheetnames[0]]
        agreed = {column.header for column in table.columns}
        above = ((number, row) for number, row in enumerate(self._sheet.values, start=1) if agreed <= set(row))
        number, row = next(above, (0, ()))
        if not number:
            raise KvalitetError(f"{file.name} has no row with the agreed headers.", "See the contract.")
        self._columns = [place for place, value in enumerate(row, start=1) if value is not None]
        self.headers = [str(row[place - 1]) for place in self._columns]
        keys = {column.header for column in table.columns if column.key_position is not None}
        keyed = [place for place, name in zip(self._columns, self.headers, strict=True) if name in keys]
        self.records = [
            one
            for one in range(number + 1, self._sheet.max_row + 1)
            if all(self._sheet.cell(one, place).value is not None for place in keyed)
        ]
        if not self.records:
            raise KvalitetError(f"{file.name} has no row with a key.", "Choose another table.")

    def cells(self, row: int) -> list[Cell]:
        return [cast(Cell, self._sheet.cell(row, place)) for place in self._columns]

    def write(self, texts: Texts) -> None:
        """Put these in the records' places. More records follow the last one, and rows of fewer are deleted."""
        columns = [_Column.of(column) for column in zip(*map(self.cells, self.records), strict=True)]
        last = self.records[-1]
        if (more := len(texts) - len(self.records)) > 0:
            self._sheet.insert_rows(last + 1, more)
        for row, cells in zip([*self.records, *range(last + 1, last + 1 + more)], texts, strict=False):
            for cell, text, column in zip(self.cells(row), cells, columns, strict=True):
                cell.value = column.values[text] if text in column.values else _typed(text, column.kind)
                cell.number_format = column.number_format
        for row in reversed(self.records[len(texts) :]):
            self._sheet.delete_rows(row)
        self._book.save(self._file)


@dataclass(frozen=True)
class _Column:
    """What a sheet's column holds: each value by its text, and the type and the format of the first one."""

    values: dict[str, Any]
    kind: type
    number_format: str

    @classmethod
    def of(cls, cells: tuple[Cell, ...]) -> "_Column":
        first = next((cell for cell in cells if cell.value is not None), cells[0])
        kind = str if first.value is None else type(first.value)
        return cls({as_text(cell.value): cell.value for cell in cells}, kind, first.number_format)


def as_text(value: Any) -> str:
    """A cell's value as text."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _typed(text: str, kind: type) -> Any:
    if not text:
        return None
    if issubclass(kind, datetime):
        return datetime.fromisoformat(text)
    return kind(text) if kind in (int, float) else text
