"""Workbooks kept by people: finds the table on its sheet and writes it out as CSV text."""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kvalitet.contracts import Contract, Table
from kvalitet.contracts.patterns import to_strptime
from kvalitet.errors import DeliveryRefused
from kvalitet.spelling.text import header, tidy

HEADER_ROWS = 50  # where the header row is looked for
MAX_UNPACKED_BYTES = 200_000_000
MAX_EXPANSION = 200  # unpacked to packed; a real workbook is below 30
MAX_ROWS = 200_000
#: What intake sets aside as a formula that has no readable result; no delivered text holds this character.
UNREADABLE = "\ufffc"


def write_table(contract: Contract, table: Table, workbook: Path, file_name: str, target: Path) -> None:
    """Write `table` of the workbook to `target` as UTF-8 CSV, its headers as they are written there.

    The header row is the first one that holds every agreed header; title rows above it, empty
    rows, and notes beside the table or in rows without any key are left out. A cell whose formula
    has an error or no stored result becomes UNREADABLE. Raises DeliveryRefused for a workbook
    that is broken, unpacks to too much, or lacks the sheet or a header.
    """
    check_size(workbook, file_name)
    # openpyxl warns of a number that no date can be, and repeats it: what it warns of is set aside by its rule.
    with warnings.catch_warnings(action="ignore"):
        _write_table(contract, table, workbook, file_name, target)


def _write_table(contract: Contract, table: Table, workbook: Path, file_name: str, target: Path) -> None:
    import openpyxl

    try:
        # Given as bytes, since openpyxl judges a file by its suffix.
        content = workbook.read_bytes()
        values = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise DeliveryRefused(
            f"{file_name} is not a readable workbook ({type(error).__name__}).", "Ask for it again as .xlsx."
        ) from None
    if table.sheet not in values.sheetnames:
        raise DeliveryRefused(f"{file_name} has no sheet {table.sheet}.", "Ask for the agreed sheet name.")
    rows = _cells(values[table.sheet], formulas[table.sheet])
    positions, delivered = _find_header(table, rows, file_name)
    keys = [positions[column.header] for column in table.columns if column.key_position is not None]
    with target.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([delivered[column.header] for column in table.columns])
        for number, row in enumerate(rows):
            if number > MAX_ROWS:
                raise DeliveryRefused(f"{file_name} has more than {MAX_ROWS} rows.", "Deliver such a table as CSV.")
            cells = [row[positions[c.header]] if positions[c.header] < len(row) else None for c in table.columns]
            if all(row[key] is None if key < len(row) else True for key in keys) and _is_note(cells):
                continue
            writer.writerow([_text(contract, c.format, v) for c, v in zip(table.columns, cells, strict=True)])


def check_size(workbook: Path, file_name: str) -> None:
    """Refuse a workbook that would unpack to far more than a workbook does, before unpacking it."""
    try:
        with zipfile.ZipFile(workbook) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise DeliveryRefused(f"{file_name} is not a readable workbook (BadZipFile).", "Ask for it again.") from None
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_EXPANSION * max(workbook.stat().st_size, 1):
        raise DeliveryRefused(
            f"{file_name} unpacks to {unpacked} bytes, more than a workbook of its size can.",
            "Do not open it; ask the sender what it is.",
        )


def _cells(values: Any, formulas: Any) -> Iterator[list[Any]]:
    """Rows of stored results, where a formula without a usable result is UNREADABLE."""
    for stored, written in zip(values.iter_rows(), formulas.iter_rows(values_only=True), strict=False):
        yield [
            UNREADABLE
            if cell.data_type == "e" or (cell.value is None and isinstance(formula, str) and formula.startswith("="))
            else (None if isinstance(cell.value, str) and not tidy(cell.value) else cell.value)
            for cell, formula in zip(stored, written, strict=False)
        ]


def _find_header(table: Table, rows: Iterator[list[Any]], file_name: str) -> tuple[dict[str, int], dict[str, str]]:
    """Of each agreed header its place in the row, and how it is written there."""
    wanted = {column.header for column in table.columns}
    best: set[str] = set()
    for _, row in zip(range(HEADER_ROWS), rows, strict=False):
        texts = [header(str(value)) if value is not None else "" for value in row]
        present = wanted & set(texts)
        if present == wanted:
            twice = sorted(name for name in wanted if texts.count(name) > 1)
            if twice:
                raise DeliveryRefused(f"{file_name}, sheet {table.sheet}: {', '.join(twice)} is there twice.", "")
            positions = {name: texts.index(name) for name in wanted}
            return positions, {name: str(row[place]) for name, place in positions.items()}
        best = max(best, present, key=len)
    raise DeliveryRefused(
        f"{file_name}, sheet {table.sheet}: no row has all headers; missing {', '.join(sorted(wanted - best))}.",
        "Ask for the agreed headers, or correct physicalName in the contract.",
    )


def _is_note(cells: list[Any]) -> bool:
    """A row without any key is a stray note or empty, unless most of it is filled."""
    return sum(value is not None for value in cells) <= len(cells) / 2


def _text(contract: Contract, pattern: str | None, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.strftime(to_strptime(pattern) if pattern else "%Y-%m-%d")
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        plain = format(Decimal(repr(value)).normalize(), "f")
        return plain.replace(".", contract.decimal_sign or ".")
    return str(value)
