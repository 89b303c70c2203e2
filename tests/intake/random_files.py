"""Random tables, the contract for their delivery, and the programs that write them."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import openpyxl
import pandas
import polars
import xlsxwriter
import yaml
from hypothesis import strategies as st

from kvalitet.contracts import Contract, read_contract

SOURCE = "random_files"
HEADER = ("Nr", "Tekst", "Beløb", "Dag", "Note")
PIECES = (
    "a", "Ø", "é", "e\u0301", "A\u030a", "œ", " ", "\u00a0", "\u202f", "\u200b", "\u00ad", "0", "12", ";", ",", "|",
    "\t", '"', '""', "'", "\n", "\r\n", "-", "=", "@", "\\", "nan", "N/A", "€", "ß", "🙂", "_x000D_",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row as its source has it. The note is agreed, but not taken in."""

    number: str
    text: str
    amount: Decimal | None
    day: date | None
    note: str

    def cells(self) -> list[str]:
        amount = "" if self.amount is None else str(self.amount).replace(".", ",")
        return [self.number, self.text, amount, f"{self.day:%d-%m-}{self.day.year:04d}" if self.day else "", self.note]


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quoting: int
    line_end: str
    encoding: str
    has_bom: bool
    ends_its_last_line: bool


texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
#: A program may write whole numbers without a fraction. With nine or ten digits they could read as a person's number.
amounts = st.decimals(-(10**12), 10**12, places=2).filter(
    lambda amount: amount % 1 or not 10**8 <= abs(amount) < 10**10
)
rows = st.builds(
    Row,
    number=st.integers(1, 999_999).map("A-{:06d}".format),
    text=texts,
    amount=st.none() | amounts,
    day=st.none() | st.dates(date(1950, 1, 1), date(2010, 1, 1)),
    note=texts,
)
tables = st.lists(rows, min_size=1, max_size=12, unique_by=lambda row: row.number)
dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from(";,\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "windows-1252", "iso-8859-1"]),
    has_bom=st.booleans(),
    ends_its_last_line=st.booleans(),
)


@cache
def contract(
    folder: Path, file_format: str = "csv", encoding: str = "utf-8", delimiter: str = ";", columns_agreed: int = 5
) -> Contract:
    """The contract of such a table, or of its first columns, ready for intake. Its file is in `folder`."""
    stated = {"decimalSign": "." if file_format == "json" else ",", "maxRejectedPercent": 100}
    if file_format == "csv":
        stated |= {"requiresFinalNewline": False, "delimiter": delimiter}
    columns = [
        {"name": "number", "logicalType": "string", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "text", "logicalType": "string"},
        {"name": "amount", "logicalType": "number", "customProperties": [{"property": "scale", "value": 2}]},
        {"name": "day", "logicalType": "date", "logicalTypeOptions": {"format": "dd-MM-yyyy"}},
        {"name": "note", "logicalType": "string", "classification": "sensitive"},
    ]
    table = {
        "name": "rows",
        "physicalName": f"rows_{{cutoff}}.{file_format}",
        "customProperties": _properties({"absent": "kept"} | ({"sheet": "Ark1"} if file_format == "xlsx" else {})),
        "properties": [
            {"classification": "internal"} | column | {"physicalName": header}
            for column, header in list(zip(columns, HEADER, strict=True))[:columns_agreed]
        ],
    }
    server = {"server": "inbox", "type": "local", "path": SOURCE, "format": file_format}
    if file_format == "csv":
        server["encoding"] = encoding
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": SOURCE,
        "name": "Random files",
        "version": "1.0.0",
        "status": "active",
        "servers": [server | {"customProperties": _properties({"maxAgeDays": 36_500} | stated)}],
        "schema": [table],
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d", "scheduler": "cron", "schedule": "15 1 * * *"}
        ],
        "team": {"name": "Kilden", "members": [{"username": "k@example.invalid", "name": "Kilden", "role": "owner"}]},
    }
    file = folder / f"{SOURCE}.odcs.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    made = read_contract(file)
    assert not made.problems, made.problems
    return made


def _properties(stated: dict) -> list[dict]:
    return [{"property": name, "value": value} for name, value in stated.items()]


def fits(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


def by_csv(table: list[Row], dialect: Dialect) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.delimiter, quoting=dialect.quoting, lineterminator=dialect.line_end)  # type: ignore[arg-type]
    writer.writerow(HEADER)
    writer.writerows(row.cells() for row in table)
    return _encoded(out.getvalue(), dialect)


def by_pandas(table: list[Row], dialect: Dialect) -> bytes:
    frame = pandas.DataFrame([row.cells() for row in table], columns=list(HEADER), dtype=str)
    text = frame.to_csv(
        index=False,
        sep=dialect.delimiter,
        quoting=dialect.quoting,
        lineterminator=dialect.line_end,  # type: ignore[arg-type]
    )
    return _encoded(text, dialect)


def by_polars(table: list[Row], dialect: Dialect) -> bytes:
    frame = polars.DataFrame([row.cells() for row in table], schema=dict.fromkeys(HEADER, polars.String), orient="row")
    style = "always" if dialect.quoting == csv.QUOTE_ALL else "necessary"
    return _encoded(
        frame.write_csv(separator=dialect.delimiter, line_terminator=dialect.line_end, quote_style=style), dialect
    )


def _encoded(text: str, dialect: Dialect) -> bytes:
    text = text if dialect.ends_its_last_line else text.removesuffix(dialect.line_end)
    return (b"\xef\xbb\xbf" if dialect.has_bom and dialect.encoding == "utf-8" else b"") + text.encode(dialect.encoding)


def by_openpyxl(table: list[Row]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Ark1"
    sheet.append(HEADER)
    for row in table:
        sheet.append([row.number, row.text or None, row.amount, row.day, row.note or None])
        for cell in sheet[sheet.max_row]:
            if cell.data_type == "f":  # here a text that begins with = is a text
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(table: list[Row]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Ark1")
        day, amount = (book.add_format({"num_format": code}) for code in ("dd-mm-yyyy", "[$-406]0.00"))
        sheet.write_row(0, 0, HEADER)
        for line, row in enumerate(table, 1):
            for place, text in ((0, row.number), (1, row.text), (4, row.note)):
                if text:
                    sheet.write_string(line, place, text)
            if row.amount is not None:
                sheet.write_number(line, 2, float(row.amount), amount)
            if row.day is not None:
                sheet.write_datetime(line, 3, datetime.combine(row.day, time()), day)
    return out.getvalue()


def as_answer(table: list[Row]) -> dict:
    """The table as in an API's answer, with its numbers as numbers."""
    rows = [[*row.cells()[:2], None if row.amount is None else float(row.amount), *row.cells()[3:]] for row in table]
    return {"TableID": "r1", "Variables": [{"Name": name.lower(), "Label": name} for name in HEADER], "Data": rows}


def by_json(table: list[Row]) -> bytes:
    return json.dumps([as_answer(table)], indent=1).encode()


def by_msgspec(table: list[Row]) -> bytes:
    return msgspec.json.encode(as_answer(table))


def by_pandas_json(table: list[Row]) -> bytes:
    answer = as_answer(table)
    rows = pandas.DataFrame(answer.pop("Data")).to_json(orient="values", double_precision=2)
    return f'[{json.dumps(answer, ensure_ascii=False)[:-1]}, "Data": {rows}}}]'.encode()


CSV_WRITERS = (by_csv, by_pandas, by_polars)
XLSX_WRITERS = (by_openpyxl, by_xlsxwriter)
JSON_WRITERS = (by_json, by_msgspec, by_pandas_json)
