"""Plants marks in deliveries as they are generated: where persons belong, where they do not, and where nothing fits.

`plant` leaves a delivery good enough to be accepted. `spoil` makes one that is refused as a whole. Both read the
contract, so they work for a new source without a change here.
"""

import csv
import io
import json
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
from marks import Marks

from kvalitet.contracts import Column, Contract, Table

Rows = list[dict[str, str]]
#: The number of rows in which an allowed value is replaced.
ROWS = 3
#: The share of the contract's tolerance that is used. The sample's own defects need the rest.
SHARE = 0.4
LEAST = 5


def plant(inbox: Path, contract: Contract, cutoff: date, marks: Marks) -> int:
    """Plant in one delivery of `contract`, and return how many added rows must be set aside."""
    set_aside = 0
    for table, place in _tables(inbox, contract, cutoff):
        rows = _read(contract, table, place)
        _fill_personal(contract, table, rows, marks)
        tolerated = contract.max_rejected_percent / 100 * len(rows)
        room = int(SHARE * tolerated) if tolerated >= LEAST else 0
        added = _unfit_rows(contract, table, rows[-1], marks, room)
        _write(contract, table, place, rows, added)
        set_aside += len(added)
    (inbox / contract.folder / f"{marks.cpr(f'{contract.id}: name of a stray file')}.csv").write_text("stray")
    return set_aside


def spoil(inbox: Path, contract: Contract, cutoff: date, marks: Marks, way: int) -> None:
    """Make one delivery unacceptable in one of several ways. Each way puts marks into what the refusal is about."""
    table, place = next(iter(_tables(inbox, contract, cutoff)))
    rows = _read(contract, table, place)
    unfit = _unfit_rows(contract, table, rows[-1], marks, 1000)
    where = f"{contract.id}: spoilt"
    if contract.file_format != "csv":
        _write(contract, table, place, [], unfit * 5)
        return
    text = _as_csv(contract, table, unfit * 5)
    head, *lines = text.split("\r\n")
    spoilt = [
        text,  # more rows than may be set aside
        "\r\n".join([contract.delimiter.join([marks.sentence(where), *head.split(contract.delimiter)[1:]]), *lines]),
        "\r\n".join([lines[0], *lines]),  # without a header, so the first row stands in its place
        text + f'"{marks.sentence(where)}',  # it breaks off within a quote
        text + f"{marks.sentence(where)}\x00\r\n",
    ][way % 5]
    place.write_bytes(spoilt.encode(contract.encoding, errors="replace"))


def _tables(inbox: Path, contract: Contract, cutoff: date) -> list[tuple[Table, Path]]:
    places = [
        (table, inbox / contract.folder / table.file_pattern.replace("{cutoff}", cutoff.isoformat()))
        for table in contract.tables.values()
    ]
    return [(table, place) for table, place in places if place.is_file()]


def _fill_personal(contract: Contract, table: Table, rows: Rows, marks: Marks) -> None:
    """Put numbers into the columns of persons, and free text into the columns that are delivered but not taken in."""
    for column in table.columns:
        place = _place(contract, table, column)
        for row in rows[:ROWS]:
            if column.classification == "personal":
                row[column.header] = marks.cpr(place)
            elif not column.is_landed:
                row[column.header] = marks.sentence(place)


def _unfit_rows(contract: Contract, table: Table, like: dict[str, str], marks: Marks, most: int) -> Rows:
    """Rows that must be set aside, because one value is a number, name or sentence that does not belong there."""
    rows = []
    for column in table.columns:
        if not column.is_landed or len(rows) >= most:
            continue
        place = _place(contract, table, column)
        if column.logical_type in ("number", "integer") or contract.file_format == "xlsx":
            value = marks.digits(place)  # digits alone, which a number or a cell formatted as a date could hold
        elif column.classification == "personal" or column.logical_type == "string":
            value = marks.sentence(place)
        else:
            value = marks.cpr(place)
        rows.append(like | {column.header: value})
    return rows


def _place(contract: Contract, table: Table, column: Column) -> str:
    return f"{contract.id}.{table.name}.{column.name}"


# --- the formats --------------------------------------------------------------------------------------------------


def _read(contract: Contract, table: Table, place: Path) -> Rows:
    if contract.file_format == "xlsx":
        return _sheet(_book(place)[table.sheet or ""], table)[1]
    if contract.file_format == "json":
        document = json.loads(place.read_bytes())
        body = document[0] if isinstance(document, list) else document
        labels = [variable["Label"] for variable in body["Variables"]]
        return [dict(zip(labels, map(str, row), strict=True)) for row in body["Data"]]
    text = place.read_bytes().decode(contract.encoding)
    return list(csv.DictReader(io.StringIO(text), delimiter=contract.delimiter, quotechar=contract.quote))


def _write(contract: Contract, table: Table, place: Path, rows: Rows, added: Rows) -> None:
    if contract.file_format == "xlsx":
        _write_sheet(table, place, rows, added)
    elif contract.file_format == "json":
        document = json.loads(place.read_bytes())
        body = document[0] if isinstance(document, list) else document
        body["Data"] = [list(row.values()) for row in [*rows, *added]]
        place.write_text(json.dumps(document), encoding="utf-8")
    else:
        place.write_bytes(_as_csv(contract, table, [*rows, *added]).encode(contract.encoding, errors="replace"))


def _as_csv(contract: Contract, table: Table, rows: Rows) -> str:
    out = io.StringIO()
    header = list(rows[0]) if rows else [column.header for column in table.columns]
    writer = csv.DictWriter(out, header, delimiter=contract.delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _book(place: Path) -> openpyxl.Workbook:
    """Load without openpyxl's warnings of planted dates, because the tests look at the system's warnings."""
    with warnings.catch_warnings(action="ignore"):
        return openpyxl.load_workbook(place)


def _sheet(sheet: Any, table: Table) -> tuple[dict[str, int], Rows]:
    """The column of each header (from 1), and the rows below the header that have a key."""
    headers = {column.header for column in table.columns}
    lines = ([" ".join(str(cell or "").split()) for cell in cells] for cells in sheet.iter_rows(values_only=True))
    head, texts = next((number, texts) for number, texts in enumerate(lines, start=1) if headers <= set(texts))
    places = {header: texts.index(header) + 1 for header in headers}
    key = next(column.header for column in table.columns if column.key_position == 1)
    return places, [
        {"row": number} | {header: sheet.cell(number, place).value for header, place in places.items()}
        for number in range(head + 1, sheet.max_row + 1)
        if sheet.cell(number, places[key]).value is not None
    ]  # type: ignore[return-value]


def _write_sheet(table: Table, place: Path, rows: Rows, added: Rows) -> None:
    """Write the rows back to their places. Numbers planted as dates become cells that cannot be dates."""
    book = _book(place)
    sheet = book[table.sheet or ""]
    places, _ = _sheet(sheet, table)
    dates = {column.header for column in table.columns if column.logical_type == "date"}
    for row in [*rows, *({**row, "row": sheet.max_row + 1 + n} for n, row in enumerate(added))]:
        for header, column in places.items():
            cell: Any = sheet.cell(int(row["row"]), column)
            value = row[header]
            if header in dates and isinstance(value, str) and value.isdigit():
                cell.value, cell.number_format = int(value), "dd-mm-yyyy"
            elif value != cell.value:
                cell.value = value
    book.save(place)
