"""Reads a sheet's rows from its XML, one after another, in bounded memory.

The size that the file states is ignored. A row or cell without a reference follows the one before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kvalitet.intake.workbook.package import Package, Sheet, is_true, local_names
from kvalitet.intake.workbook.refusals import Fault, refusing
from kvalitet.intake.workbook.shown import Cell, holds_anything
from kvalitet.intake.workbook.strings import RUNS, SharedStrings, TextBuilder
from kvalitet.intake.workbook.styles import read_styles

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
#: Most cells of merged areas, or of formulas that fill several cells, together. Counted by column.
MAX_AREA_COLUMNS = 300_000
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_CELLS = local_names("row", "c", "v", "f", "is", *RUNS)
_SUBTOTAL = re.compile(r"\s*(?:SUBTOTAL|AGGREGATE)\s*\(", re.IGNORECASE)
#: A formula is read only as far as the name of its first function.
LONGEST_NAME = 64
KINDS = {"n": "n", "s": "s", "str": "str", "inlineStr": "str", "b": "b", "e": "e", "d": "d"}


@dataclass(frozen=True)
class Area:
    """A rectangle of cells from one corner to the other, both included, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass
class Row:
    """A row as the file holds it. `spilled` are areas that begin here and that one formula fills.

    `subtotals` are the columns in which rows above are added up, as Excel's Data, Subtotal writes them.
    """

    number: int
    is_hidden: bool
    cells: dict[int, Cell]
    spilled: list[Area]
    subtotals: set[int]


def read_rows(package: Package, sheet: Sheet) -> Iterator[Row]:
    """The rows that hold anything, in order. Raises DeliveryRefused for a damaged sheet."""
    with refusing(package.file_name):
        rows = _Rows(SharedStrings(package), read_styles(package).cells, package.recalculates)
        steps = package.parsing(sheet.part, rows.start, rows.end, rows.text)
    while True:
        with refusing(package.file_name):
            if next(steps, steps) is steps:
                return
        yield from rows.ready
        rows.ready = []


def area_of(reference: str) -> Area:
    """`B2:D4` as an area. A single cell is an area too. Raises Fault for anything else."""
    first, _, last = reference.partition(":")
    top, left = _place(first)
    bottom, right = _place(last or first)
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def _place(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise Fault("a cell has no proper reference")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    if not (1 <= int(found[2]) <= LAST_ROW and column <= LAST_COLUMN):
        raise Fault("a cell lies outside the sheet")
    return int(found[2]), column


def row_number(attributes: dict[str, str], before: int) -> int:
    """The number of a row element, which must be greater than `before`. Raises Fault where it is not."""
    number = int(attributes.get("r", before + 1))
    if not before < number <= LAST_ROW:
        raise Fault(f"row {number} of a sheet does not come after row {before}")
    return number


def is_zero(size: str | None) -> bool:
    """Whether a stated width or height is zero."""
    return size is not None and float(size) == 0


class _Rows:
    """Handlers that collect finished rows in `ready`."""

    def __init__(self, strings: SharedStrings, codes: list[str], recalculates: bool) -> None:
        self.ready: list[Row] = []
        self._strings, self._codes, self._recalculates = strings, codes, recalculates
        self._number = self._column = 0
        self._row: Row | None = None
        self._kind, self._code, self._has_formula = "n", "General", False
        self._builder = TextBuilder()
        self._text: str | None = None
        self._formula: str | None = None  # the beginning of a formula, while inside one

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _CELLS.get(tag)
        if name == "c":
            self._start_cell(attributes)
        elif name == "row":
            self._number = row_number(attributes, self._number)
            is_hidden = is_true(attributes.get("hidden")) or is_zero(attributes.get("ht"))
            self._row, self._column = Row(self._number, is_hidden, {}, [], set()), 0
        elif name in ("v", "is") and self._row:
            self._builder.begin(is_plain=name == "v")
        elif name == "f" and self._row:
            self._has_formula, self._formula = True, ""
            if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                self._row.spilled.append(area_of(attributes["ref"]))
        else:
            self._builder.start(name, attributes)

    def text(self, value: str) -> None:
        if self._formula is None:
            self._builder.text(value)
        elif len(self._formula) < LONGEST_NAME:
            self._formula += value

    def end(self, tag: str) -> None:
        name = _CELLS.get(tag)
        if name in ("v", "is"):
            self._text = self._builder.finish()
        elif name == "f":
            if self._row and _SUBTOTAL.match(self._formula or ""):
                self._row.subtotals.add(self._column)
            self._formula = None
        elif name == "c" and self._row:
            self._end_cell(self._row)
        elif name == "row" and self._row:
            if self._row.spilled or any(map(holds_anything, self._row.cells.values())):
                self.ready.append(self._row)
            self._row = None
        else:
            self._builder.end(name)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        if reference := attributes.get("r"):
            row, self._column = _place(reference)
            if row != self._number:
                raise Fault(f"a cell in row {self._number} of a sheet says that it is in row {row}")
        else:
            self._column += 1
        kind = KINDS.get(attributes.get("t") or "n")
        if kind is None or self._column > LAST_COLUMN:
            raise Fault(f"a cell in row {self._number} of a sheet is of no known kind, or outside the sheet")
        self._kind, self._has_formula, self._text = kind, False, None
        style = int(attributes.get("s") or 0)
        self._code = self._codes[style] if 0 <= style < len(self._codes) else "General"

    def _end_cell(self, row: Row) -> None:
        if self._column in row.cells:
            raise Fault(f"a cell in row {row.number} of a sheet is there twice")
        kind, text = self._kind, self._text
        if kind == "s" and text is not None:
            kind, text = "str", self._strings[int(text)] if text.strip() else None
        if self._has_formula and self._recalculates:
            text = None
        if text is not None or self._has_formula:
            row.cells[self._column] = Cell(kind, text, self._code, self._has_formula)
