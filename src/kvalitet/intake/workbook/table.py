"""Finds a table on its sheet and writes it out as CSV text, each cell as it is shown."""

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kvalitet.contracts import Column, Contract, Table
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.workbook.layout import Conditions, Layout, read_layout
from kvalitet.intake.workbook.merges import Merges, Spills
from kvalitet.intake.workbook.package import opened
from kvalitet.intake.workbook.sheet import Row, read_rows
from kvalitet.intake.workbook.shown import MERGED, SHOWN_OTHERWISE, UNREADABLE, Cell, holds_anything, shown
from kvalitet.spelling.text import header

HEADER_ROWS = 50  # rows that hold something, in which the header is looked for
MAX_ROWS = 200_000
NAMED_ROWS = 5
_HEADING = Column("heading", "", "string", "", "internal", cell_value="stored")
#: A format under which a sheet that hides zeros shows none.
_HIDDEN_ZERO = "0;-0;;@"


@dataclass
class SheetRows:
    """What became of the sheet's rows that hold anything, by their numbers as Excel shows them.

    `above` are those before the header, `notes` those that are not records, `totals` those that add up other rows.
    `records` are written out, in order. Together with the header, these are all rows.
    """

    header: int = 0
    above: array = field(default_factory=lambda: array("L"))
    notes: array = field(default_factory=lambda: array("L"))
    totals: array = field(default_factory=lambda: array("L"))
    records: array = field(default_factory=lambda: array("L"))


@dataclass(frozen=True)
class _Place:
    """The column of an agreed header, the last column that the header spans, and the header as it is written."""

    column: int
    last: int
    written: str


def write_table(contract: Contract, table: Table, workbook: Path, file_name: str, target: Path) -> SheetRows:
    """Write `table` of the workbook to `target` as UTF-8 CSV, its headers as they are written there.

    The header row is the first one that holds every agreed header. Title rows above it, empty rows, totals rows of
    Excel's tables and of its Subtotal, and notes beside the table or in rows without any key are left out. A cell that
    cannot be read, that is or may be shown otherwise than it is stored, or that is merged with others becomes a
    character of CELL_RULES. Raises DeliveryRefused for a workbook that is broken or of another kind, unpacks to too
    much, lacks the sheet or a header, or hides rows or columns.
    """
    with opened(workbook, file_name) as package:
        sheet = package.sheet(table.sheet)
        where = f"{file_name}, sheet {table.sheet}"
        if sheet.is_hidden and not table.reads_hidden:
            raise _hidden(f"{where} is hidden")
        layout = read_layout(package, sheet)
        reader = _Reader(contract, table, where, layout, package.is_1904)
        rows = read_rows(package, sheet)
        places = reader.find_header(rows)
        with target.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")  # a cell may hold a carriage return
            writer.writerow([place.written for place in places])
            writer.writerows(reader.records(rows, places))
    return reader.rows


class _Reader:
    def __init__(self, contract: Contract, table: Table, where: str, layout: Layout, is_1904: bool) -> None:
        self.table, self.where, self.layout, self.is_1904 = table, where, layout, is_1904
        self.point = contract.decimal_sign
        self.merges, self.spills, self.conditions = Merges(layout.merged), Spills(), Conditions(layout.conditions)
        self.rows = SheetRows()

    def find_header(self, rows: Iterator[Row]) -> list[_Place]:
        """Where each agreed column is. A header that is merged over several rows also stands in the last of them."""
        wanted = {column.header for column in self.table.columns}
        best: set[str] = set()
        for row in self._holding(rows):
            texts = self._headings(row)
            names = [header(text) for text in texts.values()]
            present = wanted & set(names)
            if present == wanted:
                self.rows.header = row.number
                return self._places(row.number, texts, names)
            self.rows.above.append(row.number)
            best = max(best, present, key=len)
            if len(self.rows.above) == HEADER_ROWS:
                break
        raise DeliveryRefused(
            f"{self.where}: no row has all headers; missing {', '.join(sorted(wanted - best))}.",
            "Ask for the agreed headers, or correct physicalName in the contract.",
        )

    def records(self, rows: Iterator[Row], places: list[_Place]) -> Iterator[list[str]]:
        """The texts of each record. Raises DeliveryRefused at the end, where records were hidden."""
        keys = [place for place, column in enumerate(self.table.columns) if column.key_position is not None]
        hidden = []
        for row in self._holding(rows):
            self.spills.pass_row(row, [place.column for place in places])
            cells = [self._cell(row, c, place) for c, place in zip(self.table.columns, places, strict=True)]
            if self._is_totals(row, places, cells):
                self.rows.totals.append(row.number)
                continue
            if self._is_note(row, places, cells, keys):
                self.rows.notes.append(row.number)
                continue
            if len(self.rows.records) == MAX_ROWS:
                raise DeliveryRefused(f"{self.where} has more than {MAX_ROWS} records.", "Deliver it as CSV.")
            self.rows.records.append(row.number)
            if row.is_hidden:
                hidden.append(row.number)
            self.conditions.pass_row(row.number)
            columns = zip(cells, self.table.columns, places, strict=True)
            yield [self._text(cell, column, place) for cell, column, place in columns]
        if hidden and not self.table.reads_hidden:
            raise _hidden(f"{self.where}: rows hidden or filtered out: {_some(hidden)}")

    def _holding(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.merges.pass_row(row)
            if any(map(holds_anything, row.cells.values())):
                yield row

    def _headings(self, row: Row) -> dict[int, str]:
        texts = {}
        for column, cell in row.cells.items():
            if holds_anything(cell):
                texts[column] = shown(cell, _HEADING, self.is_1904, self.point)
        for area in self.layout.merged:
            if area.top < row.number <= area.bottom and area.left not in texts and (cell := self.merges.value(area)):
                texts[area.left] = shown(cell, _HEADING, self.is_1904, self.point)
        return texts

    def _places(self, number: int, texts: dict[int, str], names: list[str]) -> list[_Place]:
        agreed = [column.header for column in self.table.columns]
        if twice := sorted(name for name in agreed if names.count(name) > 1):
            raise DeliveryRefused(
                f"{self.where}: {', '.join(twice)} is there twice in row {number}.", "Ask for each header once."
            )
        columns = dict(zip(names, texts, strict=True))
        places = []
        for column in self.table.columns:
            at = columns[column.header]
            area = self.merges.at(number, at)
            places.append(_Place(at, area.right if area else at, texts[at]))
        hidden = [c.header for c, place in zip(self.table.columns, places, strict=True) if self._hides(c, place)]
        if hidden and not self.table.reads_hidden:
            raise _hidden(f"{self.where}: columns are hidden ({', '.join(hidden)})")
        return places

    def _hides(self, column: Column, place: _Place) -> bool:
        return column.is_landed and self.layout.is_hidden(place.column)

    def _cell(self, row: Row, column: Column, place: _Place) -> Cell | str | None:
        """The cell that a person sees there, one of the CELL_RULES' characters, or None."""
        beside = [row.cells[other] for other in range(place.column + 1, place.last + 1) if other in row.cells]
        if any(map(holds_anything, beside)):
            return MERGED  # two values under one header
        own = row.cells.get(place.column)
        area = self.merges.at(row.number, place.column)
        if area is None or area.top <= self.rows.header:
            pass
        elif (area.top, area.left) != (row.number, place.column):
            return self._merged(row, area, column, place)
        elif self._adds_up(column) and any(self.layout.filled[area.top + 1 : area.bottom + 1]):
            return MERGED if own and holds_anything(own) else None
        if own and holds_anything(own):
            return own
        return UNREADABLE if (own is None or not own.text) and self.spills.covers(row.number, place.column) else None

    def _merged(self, row: Row, area: Any, column: Column, place: _Place) -> Cell | str | None:
        """The value of a cell within a merged area, taken from the area's first cell."""
        value = self.merges.value(area)
        if value is None:
            return None
        return MERGED if area.left != place.column or self._adds_up(column) else value

    def _adds_up(self, column: Column) -> bool:
        """Whether a value that is merged over several rows may be meant once for all of them."""
        return column.logical_type in ("number", "integer") and column.key_position is None

    def _is_totals(self, row: Row, places: list[_Place], cells: list[Cell | str | None]) -> bool:
        """Whether the row adds up others, as a totals row of an Excel table or by Excel's Subtotal.

        Raises DeliveryRefused where a table's totals row also holds something else.
        """
        totals = [area for area in self.layout.totals if area.top <= row.number <= area.bottom]
        if not totals:
            return any(place.column in row.subtotals for place in places)
        filled = [place.column for place, cell in zip(places, cells, strict=True) if cell is not None]
        within = [column for column in filled if any(area.left <= column <= area.right for area in totals)]
        if within and len(within) < len(filled):
            raise DeliveryRefused(
                f"{self.where}: row {row.number} is the totals row of a table, and holds agreed columns beside it.",
                "Ask for the totals row to be taken off (Table Design, Total Row), or for one table of all columns.",
            )
        return bool(within)

    def _is_note(self, row: Row, places: list[_Place], cells: list[Cell | str | None], keys: list[int]) -> bool:
        """Whether the row is a stray note: it has no key and is mostly empty, or it lies beside the table."""
        own = [row.cells[place.column] for place in places if place.column in row.cells]
        if not any(map(holds_anything, own)):
            return True
        return all(cells[key] is None for key in keys) and sum(c is not None for c in cells) <= len(cells) / 2

    def _text(self, cell: Cell | str | None, column: Column, place: _Place) -> str:
        if cell is None or isinstance(cell, str):
            return cell or ""
        if self.layout.hides_zeros and cell.kind == "n" and not (cell.text or "").strip("0.+- "):
            cell = cell._replace(code=_HIDDEN_ZERO)
        text = shown(cell, column, self.is_1904, self.point)
        for code in self.conditions.codes(place.column):  # it is not known whether the condition holds
            if shown(cell._replace(code=code), column, self.is_1904, self.point) != text:
                return SHOWN_OTHERWISE
        return text


def _hidden(what: str) -> DeliveryRefused:
    return DeliveryRefused(
        f"{what}: a person who opens the workbook does not see what would be read.",
        "Ask for them to be shown (clear the filter, unhide) or removed; if they are always meant to be read,"
        " say `hidden: read` in the contract.",
    )


def _some(numbers: list[int]) -> str:
    more = len(numbers) - NAMED_ROWS
    return ", ".join(map(str, numbers[:NAMED_ROWS])) + (f" and {more} more" if more > 0 else "")
