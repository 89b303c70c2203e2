"""Counts a sheet's rows straight from its XML, to compare the reading of the workbook with.

It ignores what the file says of itself (its stated size, the spans of its rows). It shares with the reader only how a
package is opened.
"""

from array import array
from dataclasses import dataclass, field
from pathlib import Path

from kvalitet.intake.workbook.package import Package, local_names, opened
from kvalitet.intake.workbook.refusals import Fault, refusing
from kvalitet.spelling.text import tidy

_STRINGS = local_names("si", "t", "rPh")
_SHEET = local_names("row", "c", "v", "f", "t", "rPh")


@dataclass(frozen=True)
class SheetScan:
    """What a sheet holds, wherever it lies.

    `rows` are the numbers, as Excel shows them, of the rows that hold anything but blanks and formats. `blank_rows`
    counts the others that the file names, `unresolved_formulas` the cells whose formula has no stored result.
    `recalculates` means that the file asks for every formula to be calculated anew, so that no stored result counts.
    """

    rows: array
    blank_rows: int
    formulas: int
    unresolved_formulas: int
    recalculates: bool


def scan_sheet(path: Path, sheet_name: str, file_name: str = "") -> SheetScan:
    """Count the rows of a sheet in bounded memory. Raises DeliveryRefused for a workbook that cannot be read."""
    file_name = file_name or path.name
    with opened(path, file_name) as package:
        sheet = package.sheet(sheet_name)
        with refusing(file_name):
            counting = _Counting(_blank_strings(package))
            package.parse(sheet.part, counting.start, counting.end, counting.text)
    return SheetScan(
        counting.rows, counting.blank_rows, counting.formulas, counting.unresolved, recalculates=package.recalculates
    )


def _blank_strings(package: Package) -> bytearray:
    """For each shared string, in order, 1 where it shows nothing and 0 where it shows something."""
    part = package.related.get("sharedStrings", "")
    if not package.has(part):
        return bytearray()
    blank = bytearray()
    shows, is_text, phonetic = False, False, 0

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal shows, is_text, phonetic
        name = _STRINGS.get(tag)
        if name == "si":
            shows = False
        phonetic += name == "rPh"
        is_text = name == "t" and not phonetic

    def end(tag: str) -> None:
        nonlocal is_text, phonetic
        name = _STRINGS.get(tag)
        is_text = False
        phonetic -= name == "rPh"
        if name == "si":
            blank.append(not shows)

    def text(value: str) -> None:
        nonlocal shows
        shows = shows or (is_text and bool(tidy(value)))

    package.parse(part, start, end, text)
    return blank


@dataclass
class _Counting:
    blank_strings: bytearray
    rows: array = field(default_factory=lambda: array("L"))
    blank_rows: int = 0
    formulas: int = 0
    unresolved: int = 0
    row: int = 0
    row_holds: bool = False
    kind: str = ""
    has_formula: bool = False
    value: str | None = None
    inside: str = ""
    phonetic: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _SHEET.get(tag)
        if name == "c":
            self.kind, self.has_formula, self.value = attributes.get("t") or "n", False, None
        elif name == "row":
            self.row, self.row_holds = int(attributes.get("r", self.row + 1)), False
        elif name == "f":
            self.has_formula, self.inside = True, ""
        elif name == "rPh":
            self.phonetic += 1
        elif name in ("v", "t") and not self.phonetic:
            self.inside, self.value = name, self.value or ""

    def text(self, value: str) -> None:
        if self.inside:
            self.value = (self.value or "") + value
            if len(self.value) > 2_000_000:
                raise Fault("a cell holds more than a cell can")

    def end(self, tag: str) -> None:
        name = _SHEET.get(tag)
        if name == "c":
            self.formulas += self.has_formula
            is_unresolved = self.has_formula and not self._has_result()
            self.unresolved += is_unresolved
            self.row_holds = self.row_holds or is_unresolved or self._shows()
        elif name == "row":
            if self.row_holds:
                self.rows.append(self.row)
            else:
                self.blank_rows += 1
        elif name == "rPh":
            self.phonetic -= 1
        self.inside = ""

    def _has_result(self) -> bool:
        return self.value is not None and (self.value != "" or self.kind in ("str", "inlineStr"))

    def _shows(self) -> bool:
        text = (self.value or "").strip()
        if not text:
            return False
        if self.kind == "s":
            return not (text.isdecimal() and self.blank_strings[int(text) : int(text) + 1] == b"\1")
        return self.kind not in ("str", "inlineStr") or bool(tidy(text))
