"""A delivered table as delimited text, with its records counted before any reader reads it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy

from kvalitet.contracts import Contract, Table
from kvalitet.errors import DeliveryRefused
from kvalitet.intake import line_ends, statistics_json, workbook
from kvalitet.intake.account.csv_scan import CsvScan, scan_csv
from kvalitet.intake.account.json_scan import scan_json
from kvalitet.intake.account.scan import Scan
from kvalitet.intake.pseudonyms import row_digest
from kvalitet.intake.reread import Reread
from kvalitet.intake.sheet_scan import scan_sheet
from kvalitet.intake.spool import SpooledFile

#: How many row numbers a message names.
NAMED = 5


@dataclass(frozen=True)
class Delivered:
    """The text to read, and what it holds. `name` is the file's name, with the sheet.

    `scan` counts the file as it was delivered, `records` counts this text. `dropped` counts by rule the records that
    are left out of the text. `torn` maps the position of each record with a misplaced quote or too many empty columns
    to its digest. These are blank lines in the text, since a reader may misread what follows them. `numbers` are the
    record numbers that the sender sees, where the text has other lines than the file.
    """

    name: str
    path: Path
    delimiter: str
    quote: str
    scan: Scan
    records: CsvScan
    dropped: dict[str, int]
    torn: dict[int, str] = field(default_factory=dict)
    numbers: Sequence[int] | None = None

    def header(self) -> list[str]:
        """The names in the first record, as they are written."""
        return _header(self.path, self.delimiter, self.quote)

    def from_line(self) -> str:
        """The line from which quotes are loose, as part of a message."""
        return f", perhaps from line {self.records.first_loose} on" if self.records.first_loose else ""

    def number(self, record: int) -> int:
        """The line of the file, or the row of the sheet or answer, in which a record begins."""
        return int(self.records.places["line"][record]) if self.numbers is None else self.numbers[record]


def as_text(
    contract: Contract, table: Table, file: SpooledFile, keys: tuple[bytes, ...], folder: Path, reread: Reread
) -> Delivered:
    """Convert a spooled file to delimited text. Raises DeliveryRefused where it is not what is agreed."""
    target = folder / f"{table.name}.csv"
    if contract.file_format == "xlsx":
        return _sheet(contract, table, file, target)
    if contract.file_format == "json":
        return _answer(file, target)
    path = file.path
    if len(file.line_ends) > 1:
        path, count = line_ends.unify(path, contract.delimiter, contract.quote, target)
        reread.add("*", "line_end", count)
    columns = len(_header(path, contract.delimiter, contract.quote))
    found = _scanned(path, file.file_name, contract.delimiter, contract.quote, columns)
    notes = {f"line_end_{kind}": count for kind, count in file.line_ends.items()} | {
        "line_in_text": found.within_quotes,
        "loose_quote": found.loose_quotes,
        "line_encoded_twice": found.twice_encoded,
    }
    blank = found.blank + found.empty
    scan = Scan(found.records, blank, {kind: count for kind, count in notes.items() if count})
    if len(found.torn) and (not len(found.places) or found.torn.min() < found.places["start"][0]):
        raise DeliveryRefused(
            f"{file.file_name}: a quote stands out of place in the header.",
            "Ask for the file again, written by a program.",
        )
    torn = _take_torn_out(path, found, keys)
    return Delivered(file.file_name, path, contract.delimiter, contract.quote, scan, found, {"blank": blank}, torn)


def _header(path: Path, delimiter: str, quote: str) -> list[str]:
    with path.open(newline="", encoding="utf-8") as lines:
        try:
            return next(csv.reader(lines, delimiter=delimiter, quotechar=quote), [])
        except csv.Error:
            return []


def _scanned(path: Path, file_name: str, delimiter: str = ",", quote: str = '"', columns: int = 0) -> CsvScan:
    return scan_csv(path, file_name, delimiter, quote, columns, path.with_suffix(".places"))


def _sheet(contract: Contract, table: Table, file: SpooledFile, target: Path) -> Delivered:
    lying = scan_sheet(file.path, table.sheet or "", file.file_name)
    read = workbook.write_table(contract, table, file.path, file.file_name, target)
    accounted = sorted([read.header, *read.above, *read.notes, *read.totals, *read.records])
    if accounted != sorted(lying.rows):
        odd = sorted(set(lying.rows).symmetric_difference(accounted)) or accounted
        raise DeliveryRefused(
            f"{file.file_name}, sheet {table.sheet}: {len(lying.rows)} rows hold something, and {len(accounted)} were"
            f" read; row {', '.join(map(str, odd[:NAMED]))} is not in both.",
            "Ask for the workbook saved anew in Excel or LibreOffice, or for the table as CSV.",
        )
    notes = {"formula": lying.formulas, "formula_without_result": lying.unresolved_formulas}
    scan = Scan(len(lying.rows) - 1, lying.blank_rows, {kind: count for kind, count in notes.items() if count})
    found = _scanned(target, file.file_name)
    blank = lying.blank_rows + found.blank + found.empty
    dropped = {"above_header": len(read.above), "note": len(read.notes), "totals": len(read.totals), "blank": blank}
    name = f"{file.file_name}, sheet {table.sheet}"
    return Delivered(name, target, ",", '"', scan, found, dropped, numbers=read.records)


def _answer(file: SpooledFile, target: Path) -> Delivered:
    scan = scan_json(file.path, file.file_name)
    statistics_json.write_table(file.path, file.file_name, target)
    found = _scanned(target, file.file_name)
    if (scan.records, scan.blank) != (found.records, found.blank + found.empty):
        raise DeliveryRefused(
            f"{file.file_name} holds {scan.records} rows by its brackets, and {found.records} were read.",
            "Ask for it again; if the source has changed its form, agree on a new version of the contract.",
        )
    numbers = range(1, len(found.places) + 1)
    return Delivered(file.file_name, target, ",", '"', scan, found, {"blank": scan.blank}, numbers=numbers)


def _take_torn_out(path: Path, found: CsvScan, keys: tuple[bytes, ...]) -> dict[int, str]:
    """Overwrite each record whose columns cannot be told apart with spaces, so that all others keep their places."""
    starts = found.places["start"]
    torn: dict[int, str] = {}
    if not len(found.torn):
        return torn
    with path.open("r+b") as text:
        for record in numpy.unique(numpy.searchsorted(starts, found.torn, "right") - 1).tolist():
            text.seek(int(starts[record]))
            size = int(starts[record + 1]) - int(starts[record]) if record + 1 < len(starts) else -1
            content = text.read(size).rstrip(b"\r\n")
            torn[record] = row_digest(keys, content.decode(errors="replace"))
            text.seek(int(starts[record]))
            text.write(b" " * len(content))
    return torn
