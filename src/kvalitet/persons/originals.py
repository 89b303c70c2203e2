"""Finds the kept files in which a person's number occurs, and rewrites them without that person."""

import csv
import hashlib
import html
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from psycopg.rows import DictRow

from kvalitet.contracts import Contract, Table, load_contracts
from kvalitet.intake.account.csv_scan import MAX_RECORD_BYTES
from kvalitet.landing import Store
from kvalitet.landing.private_folder import private_folder
from kvalitet.landing.retention import forget
from kvalitet.landing.store import CHUNK_BYTES, compress
from kvalitet.persons.number import Number
from kvalitet.settings import LOADER, Settings
from kvalitet.spelling.text import header as as_header
from kvalitet.warehouse.connection import connect

#: Longer than a number in any spelling, with its escapes.
OVERLAP_BYTES = 512
#: A cell that a spreadsheet or a program read as an amount.
_AMOUNT = re.compile(r"(?<=[>:,\[\s;\"])[0-9][0-9.,]{8,13}(?:[eE][+]?0?[89])?(?=[<,\]\s;\"])")
#: The markup between the parts of a text that is formatted in parts.
_RUNS = re.compile(r"</t>\s*</r>\s*<r>.{0,400}?<t[^>]*>", re.DOTALL)
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

KEPT = """
    select path, min(kept_sha256) as kept_sha256, min(source_id) as source_id, min(file_name) as file_name,
        min(table_names) as table_names, max(retained_until) as kept_until
    from audit.landed_file join audit.load using (load_id) where purged_at is null group by path order by path
"""


@dataclass(frozen=True)
class Hit:
    """A kept file that names the person. `records` is None where its records cannot be told apart."""

    path: str
    source_id: str
    file_name: str
    records: int | None
    kept_until: date


def search(settings: Settings, number: Number) -> list[Hit]:
    """The kept files that name the person. Each is opened in the private spool, one at a time."""
    return [hit for hit, _, _ in _hits(settings, number)]


def rewrite(settings: Settings, number: Number, before_a_change: Callable[[], None]) -> tuple[int, int]:
    """Blank the person in every kept file, or destroy the file. Returns how many of each. May be run again.

    In a delimited file, the personal and sensitive columns of the records that name the person are emptied, and every
    other cell that names them. A workbook, a JSON file or a file that breaks off is destroyed as a whole.
    """
    store, rewritten, destroyed = Store(settings), 0, 0
    for hit, file, row in _hits(settings, number):
        before_a_change()
        contract, table = _contract(settings, row)
        if hit.records is None or contract is None or table is None:
            forget(settings, store, hit.path, "erasure")
            destroyed += 1
            continue
        without = file.with_suffix(".without")
        _blank(contract, table, number, file, without)
        sha256 = _digest(without)
        compressed = file.with_suffix(".zst")
        with without.open("rb") as source:
            compress(source, compressed)
        path = store.put(hit.source_id, sha256, compressed)
        with connect(settings, LOADER) as connection:
            connection.execute(
                "update audit.landed_file set path = %s, kept_sha256 = %s where path = %s", [path, sha256, hit.path]
            )
        store.remove(hit.path)
        rewritten += 1
    return rewritten, destroyed


def _hits(settings: Settings, number: Number) -> Iterator[tuple[Hit, Path, DictRow]]:
    with connect(settings, LOADER) as connection:
        kept = connection.execute(KEPT).fetchall()
    store = Store(settings)
    with private_folder(settings) as base:
        for row in kept:
            folder = Path(tempfile.mkdtemp(dir=base))
            file = folder / "kept"
            store.fetch(row["path"], file, row["kept_sha256"])
            occurs, records = _occurrences(*_contract(settings, row), number, file)
            if occurs:
                yield Hit(row["path"], row["source_id"], row["file_name"], records, row["kept_until"]), file, row
            shutil.rmtree(folder)


def _contract(settings: Settings, row: DictRow) -> tuple[Contract | None, Table | None]:
    """The contract and table of a file whose columns are known, that is a delimited file of a table still agreed on."""
    contract = load_contracts(settings).get(row["source_id"])
    if contract is None or contract.problems or contract.file_format != "csv":
        return None, None
    return contract, contract.tables.get(row["table_names"][0])


def _occurrences(contract: Contract | None, table: Table | None, number: Number, file: Path) -> tuple[bool, int | None]:
    """Whether the number occurs, and in how many records where they can be told apart."""
    if contract and table:
        try:
            with _text(contract, file) as lines:
                found = sum(_names(number, record) for record in _records(contract, lines))
            return found > 0, found
        except (UnicodeDecodeError, csv.Error):
            pass
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as book:
            return any(_in_stream(number, book.open(name)) for name in book.namelist()), None
    return _in_stream(number, file.open("rb")), None


def _in_stream(number: Number, source: IO[bytes]) -> bool:
    """Whether the bytes of a file whose cells cannot be told apart name the number, in any encoding agreed on."""
    with source:
        rest = b""
        while chunk := source.read(CHUNK_BYTES):
            window = rest + chunk
            for encoding in ("utf-8", "windows-1252"):
                text = _unescaped(window.decode(encoding, errors="replace"))
                if number.may_be_in(text) and (number.is_in(text) or any(map(number.is_in, _AMOUNT.findall(text)))):
                    return True
            rest = window[-OVERLAP_BYTES:]
    return False


def _unescaped(text: str) -> str:
    """The text of JSON and XML without escapes. A cell that is formatted in parts becomes one text."""
    text = _RUNS.sub("", html.unescape(text))
    return _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text.replace("\\/", "/").replace("\\t", "\t"))


def _text(contract: Contract, file: Path) -> IO[str]:
    return file.open(newline="", encoding="utf-8-sig" if contract.encoding.startswith("utf-8") else contract.encoding)


def _records(contract: Contract, lines: IO[str]) -> Iterator[list[str]]:
    csv.field_size_limit(min(MAX_RECORD_BYTES, sys.maxsize))
    return csv.reader(lines, delimiter=contract.delimiter, quotechar=contract.quote)


def _names(number: Number, record: list[str]) -> bool:
    return number.may_be_in("|".join(record)) and any(number.is_in(cell) for cell in record)


def _blank(contract: Contract, table: Table, number: Number, file: Path, target: Path) -> None:
    private = {c.header for c in table.columns if c.classification in ("personal", "sensitive")}
    encoding = "utf-8" if contract.encoding.startswith("utf-8") else contract.encoding
    with _text(contract, file) as lines, target.open("w", newline="", encoding=encoding) as out:
        records = _records(contract, lines)
        writer = csv.writer(out, delimiter=contract.delimiter, quotechar=contract.quote, lineterminator="\r\n")
        header = next(records)
        emptied = {place for place, name in enumerate(header) if as_header(name) in private}
        writer.writerow(header)
        for record in records:
            if _names(number, record):
                record = ["" if place in emptied or number.is_in(cell) else cell for place, cell in enumerate(record)]
            writer.writerow(record)


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
