"""Reads a file whose form is not agreed yet: finds its tables, and gives their values as texts."""

import codecs
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

import duckdb
import openpyxl
import polars as pl

from kvalitet.contracts.patterns import to_strptime
from kvalitet.errors import KvalitetError
from kvalitet.spelling.text import header as as_header

#: Number of rows that are read, enough to see the form of a column.
MOST_ROWS = 200_000
CHUNK_BYTES = 1 << 20
#: Number of a sheet's rows in which its header is looked for.
MOST_ROWS_ABOVE = 30
DAYS = ("yyyy-MM-dd", "dd-MM-yyyy", "dd.MM.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "MM-dd-yyyy", "yyyy/MM/dd", "yyyyMMdd")
CUTOFF = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Other ways to write a date in file names. Intake reads the first form only.
OTHER_CUTOFF = re.compile(r"\d{8}|\d{2}[-._]\d{2}[-._]\d{4}|\d{4}[._]\d{2}[._]\d{2}|\d{4}-?\d{2}(?!\d)")


@dataclass(frozen=True)
class DeliveredTable:
    """A table as delivered: `texts` has a column of strings per header, empty texts as nulls."""

    name: str
    file_pattern: str
    texts: pl.DataFrame
    sheet: str = ""


@dataclass(frozen=True)
class DeliveredFile:
    """The form of a file, and the tables in it. `notes` say what a person must look at."""

    format: str
    tables: tuple[DeliveredTable, ...]
    notes: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    quote: str = '"'
    has_final_newline: bool = True


def read_file(file: Path) -> DeliveredFile:
    """Read a file. Raises KvalitetError where it is neither CSV nor a workbook, or holds no table."""
    if not file.is_file():
        raise KvalitetError(f"There is no file {file}.", "Name a file as the source delivers it.")
    pattern, notes = _pattern(file.name)
    if file.suffix.lower() == ".xlsx":
        return DeliveredFile("xlsx", _sheets(file, pattern), notes)
    if file.suffix.lower() not in (".csv", ".txt", ".tsv"):
        raise KvalitetError(
            f"{file.name} is neither CSV nor a workbook (.xlsx).", "Ask for one of them, or write the contract by hand."
        )
    return _delimited(file, pattern, notes)


def _pattern(name: str) -> tuple[str, tuple[str, ...]]:
    """The file's name with {cutoff} in place of its date, and notes."""
    if CUTOFF.search(name):
        return CUTOFF.sub("{cutoff}", name, count=1), ()
    stem, dot, suffix = name.rpartition(".")
    if OTHER_CUTOFF.search(stem):
        pattern = f"{OTHER_CUTOFF.sub('{cutoff}', stem, count=1)}{dot}{suffix}"
        return pattern, ("The date in the file's name must be written yyyy-mm-dd: have the files renamed.",)
    return f"{stem}_{{cutoff}}{dot}{suffix}", ("The file's name has no date: agree on one, written yyyy-mm-dd.",)


def _table_name(pattern: str) -> str:
    return identifier(pattern.rpartition(".")[0].replace("{cutoff}", "")) or "rows"


def identifier(text: str) -> str:
    """The text as a warehouse name: lower-case letters, digits and _."""
    plain = text.lower().translate(str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "é": "e", "ü": "u", "ö": "o"}))
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:50].strip("_").lstrip("0123456789_")


def _delimited(file: Path, pattern: str, notes: tuple[str, ...]) -> DeliveredFile:
    encoding = _encoding(file)
    text = file.read_text(encoding=encoding)
    if not text.strip():
        raise KvalitetError(f"{file.name} is empty.", "Name a file with rows in it.")
    delimiter, quote = _dialect(file.name, text)
    frame = pl.read_csv(
        text.encode(),
        separator=delimiter,
        quote_char=quote,
        infer_schema=False,
        n_rows=MOST_ROWS,
        truncate_ragged_lines=True,
    )
    if frame.width < 2:
        notes = (*notes, "Only one column was found: look at the delimiter.")
    table = DeliveredTable(_table_name(pattern), pattern, _without_blanks(frame))
    return DeliveredFile("csv", (table,), notes, encoding, delimiter, quote, text.endswith("\n"))


def _encoding(file: Path) -> str:
    """The first of these encodings that reads every byte. After UTF-8 nearly all do, so that is a guess."""
    with file.open("rb") as content:
        first = content.read(4)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise KvalitetError(f"{file.name} is written in UTF-16.", "Ask for UTF-8: in Excel, `CSV UTF-8`.")
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for encoding in ("utf-8", "windows-1252"):
        try:
            with file.open(encoding=encoding) as text:
                while text.read(CHUNK_BYTES):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    return "iso-8859-1"


def _dialect(name: str, text: str) -> tuple[str, str]:
    """The delimiter and the quote."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as session:
        as_utf8 = Path(folder) / "text.csv"
        as_utf8.write_text(text, encoding="utf-8")
        try:
            query = "select Delimiter, Quote from sniff_csv(?, all_varchar = true)"
            (found,) = session.execute(query, [str(as_utf8)]).fetchall()
        except duckdb.Error:
            raise KvalitetError(
                f"{name} does not read as a delimited table.",
                "Look at it in an editor; write the contract by hand.",
            ) from None
    delimiter, quote = found
    return delimiter, quote if len(quote) == 1 and quote != "\0" else '"'


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    stripped = frame.select(pl.all().str.strip_chars()).rename(as_header)
    return stripped.select(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())


def _sheets(file: Path, pattern: str) -> tuple[DeliveredTable, ...]:
    """A table for each visible sheet with a row of several texts, which is its header."""
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except Exception as error:
        raise KvalitetError(
            f"{file.name} does not open as a workbook ({type(error).__name__}).", "Save it anew as .xlsx."
        ) from None
    tables = []
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS) if any(c is not None for c in row)]
        header, records = _header_and_records(rows)
        if sheet.sheet_state != "visible" or len(header) < 2 or not records:
            continue
        columns = {name: _as_texts([row[i] if i < len(row) else None for row in records]) for i, name in header.items()}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        name = identifier(sheet.title) if len(book.worksheets) > 1 else _table_name(pattern)
        tables.append(DeliveredTable(name or "rows", pattern, _without_blanks(frame), sheet.title))
    if not tables:
        raise KvalitetError(f"{file.name} has no sheet with a header and rows.", "Name a file with rows in it.")
    return tuple(tables)


def _header_and_records(rows: Sequence[tuple[object, ...]]) -> tuple[dict[int, str], Sequence[tuple[object, ...]]]:
    """The header by its columns, and the rows below it. It is the first of the upper rows with the most texts."""
    texts = [sum(isinstance(cell, str) for cell in row) for row in rows[:MOST_ROWS_ABOVE]]
    if not texts:
        return {}, []
    place = texts.index(max(texts))
    return {i: str(cell) for i, cell in enumerate(rows[place]) if cell is not None}, rows[place + 1 :]


def _as_texts(cells: list[object]) -> list[str | None]:
    """The cells as intake writes them: a date in the form of the column's typed texts, otherwise in ISO 8601."""
    typed = pl.Series([cell.strip() for cell in cells if isinstance(cell, str)], dtype=pl.String)
    pattern = next((day for day in DAYS if has_pattern(typed, day).any()), DAYS[0])
    return [_cell(cell, to_strptime(pattern)) for cell in cells]


def _cell(value: object, day: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.strftime(day) if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def has_pattern(values: pl.Series, pattern: str) -> pl.Series:
    """Whether each value matches the date pattern exactly."""
    directive = to_strptime(pattern)
    has_length = values.str.len_chars() == len(pattern.replace("'", "").replace(" a", " PM"))
    kind = pl.Datetime("us") if "HH" in pattern or "hh" in pattern else pl.Date
    return has_length & values.str.strptime(kind, directive, strict=False).is_not_null()
