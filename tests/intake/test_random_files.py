"""Random tables, delivered by any program, whole or damaged.

Each row is read exactly, or set aside by a rule, or the file is refused by name. No other error happens, and no message
holds a value.
"""

import csv
import io
import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from libreoffice import AS_CSV, convert, needs_libreoffice
from random_files import (
    CSV_WRITERS,
    JSON_WRITERS,
    SOURCE,
    XLSX_WRITERS,
    Dialect,
    Row,
    by_xlsxwriter,
    contract,
    dialects,
    fits,
    tables,
    texts,
)  # fmt: skip

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.extract import without_values
from kvalitet.intake.reading import reading
from kvalitet.intake.spool import SpooledFile, TextCheck
from kvalitet.spelling.signs import BLANKS, INVISIBLE, OUTER
from kvalitet.spelling.text import NOTHING

pytestmark = pytest.mark.slow

#: Each example is a file of at most twelve rows, so a failing one is shown as it is found and not shrunk.
MANY = examples(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
LONGEST_MESSAGE = 2_000
CUTOFF = date(2020, 1, 1)
#: This is in every random table, so that a message which repeats a value is found.
MARK = "Hemmelighed"
#: A spreadsheet reads this as a number and not as a formula, although it begins with a sign.
SIGNED_NUMBER = re.compile(r"[+-]\d+([.,]\d+)?")


def read(agreed: Contract, content: bytes, folder: Path) -> tuple[list[dict], int]:
    """(the rows as they were read, the number of broken records)."""
    path = folder / "delivered.spool"
    if agreed.file_format != "xlsx":
        check = TextCheck("rows.csv", agreed.encoding)
        path.write_bytes(check(content) + check.finish(agreed.file_format == "csv" and agreed.requires_final_newline))
        kinds = check.line_ends.kinds
    else:
        path.write_bytes(content)
        kinds = {}
    file = SpooledFile("rows.csv", len(content), "", path, path, line_ends=kinds)
    table = agreed.tables["rows"]
    with reading(agreed, table, file, (b"k" * 32,), folder, CUTOFF) as found:
        rows = found.batches.read_all().to_pylist()
        found.account(len(rows), sum(row["problems"] is not None for row in rows))
        return rows, len(found.broken)


def expected(row: Row) -> dict | None:
    """The values that the row is read as, or None if a rule sets it aside."""
    text = as_read(row.text)
    if text is not None and text[0] in "=+-@" and not SIGNED_NUMBER.fullmatch(text):
        return None
    return {"number": row.number, "text": text, "amount": row.amount, "day": row.day}


def as_read(text: str) -> str | None:
    text = text.replace("_x000D_\n", "\n").replace("_x000D_", "\n")
    text = "".join(" " if sign in BLANKS else sign for sign in text if sign not in INVISIBLE)
    text = unicodedata.normalize("NFC", text).strip(OUTER)
    return None if text.lower() in ("", *NOTHING) else text


def as_values(row: dict) -> dict:
    return {name: row[name] for name in ("number", "text", "amount", "day")}


def hold_undamaged(table: list[Row], found: list[dict], broken: int) -> None:
    assert (len(found), broken) == (len(table), 0)
    for row, got in zip(table, found, strict=True):
        wanted = expected(row)
        if wanted is None:
            assert got["problems"] == "text:formula"
        else:
            assert got["problems"] is None, (ascii(row), got["problems"])
            assert as_values(got) == wanted, ascii(row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@pytest.mark.parametrize("write", CSV_WRITERS)
@MANY
@given(tables, dialects)
def test_every_text_dialect_is_read_exactly(folder: Path, write, table: list[Row], dialect: Dialect):
    table = [row for row in table if fits(row.text + row.note, dialect.encoding)]
    agreed = contract(folder, encoding=dialect.encoding, delimiter=dialect.delimiter)
    content = write(table, dialect)
    try:
        found, broken = read(agreed, content, folder)
    except DeliveryRefused as refused:
        assert_is_fit_to_print(refused, table)
        assert is_ambiguous(content, dialect)
        return
    hold_undamaged(table, found, broken)


def is_ambiguous(content: bytes, dialect: Dialect) -> bool:
    """Whether the bytes are also good text in another encoding than the agreed one. Such a file is refused."""
    return dialect.encoding != "utf-8" and not content.isascii() and fits(content.decode("latin-1"), "latin-1")


@pytest.mark.parametrize("write", XLSX_WRITERS)
@MANY
@given(tables)
def test_every_workbook_is_read_exactly(folder: Path, write, table: list[Row]):
    table = exact_in_a_workbook(table)
    found, broken = read(contract(folder, "xlsx"), write(table), folder)
    hold_undamaged(table, found, broken)


@needs_libreoffice
@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_libreoffice_files_are_read_exactly(tmp_path: Path, file_format: str):
    drawn: list[list[Row]] = []

    @examples(MANY, database=None)
    @given(tables)
    def draw(table: list[Row]) -> None:
        if table := exact_in_a_workbook(table):
            drawn.append(table)

    draw()
    files = [tmp_path / f"{number}.xlsx" for number in range(len(drawn))]
    for file, table in zip(files, drawn, strict=True):
        file.write_bytes(by_xlsxwriter(table))
    convert(files, "xlsx" if file_format == "xlsx" else AS_CSV.format(delimiter=ord(";")), tmp_path / "saved")
    for file, table in zip(files, drawn, strict=True):
        content = (tmp_path / "saved" / file.name).with_suffix(f".{file_format}").read_bytes()
        hold_undamaged(table, *read(contract(tmp_path, file_format), content, tmp_path))


def exact_in_a_workbook(table: list[Row]) -> list[Row]:
    """The rows as a workbook can hold them. Its numbers are floats, and XML knows only one line end."""
    table = [row for row in table if row.amount is None or Decimal(repr(float(row.amount))) == row.amount]
    table = [row for row in table if "_x000D_" not in row.text + row.note]  # not every program escapes it
    return [replace(row, text=row.text.replace("\r\n", "\n").replace("\r", "\n")) for row in table]


@pytest.mark.parametrize("write", JSON_WRITERS)
@MANY
@given(tables)
def test_every_answer_is_read_exactly(folder: Path, write, table: list[Row]):
    found, broken = read(contract(folder, "json"), write(table), folder)
    hold_undamaged(table, found, broken)


@MANY
@given(
    st.lists(st.one_of(st.just(""), texts), max_size=12),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_one_column_table_is_read_exactly(folder: Path, values: list[str], quoting: int, has_blank_line: bool):
    """A blank line, an empty quoted value and blanks alone are no records. A line within a text might be one."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, delimiter=";")  # type: ignore[arg-type]
    writer.writerows([value] for value in ["Nr", *values])
    content = out.getvalue() + "\r\n" * has_blank_line
    try:
        found, broken = read(contract(folder, columns_agreed=1), content.encode(), folder)
    except DeliveryRefused as refused:
        assert "stands within a quoted text" in str(refused)  # noqa: PT017
        assert any(value.count("\n") > 1 for value in values)
        return
    kept = [value for value in values if value.strip(' \t\r\n;"')]
    assert (len(found), broken) == (len(kept), 0)
    for value, row in zip(kept, found, strict=True):
        if row["problems"] is None:
            assert row["number"] == as_read(value)
        else:
            assert as_read(value) is None or as_read(value)[0] in "=+-@"  # type: ignore[index]


DAMAGE = ("flipped", "cut", "line twice", "delimiter", "quote", "zero", "line end", "joined")


def damaged(content: bytes, kind: str, at: int, byte: int, dialect: Dialect) -> bytes:
    at %= len(content)
    end = dialect.line_end.encode()
    if kind == "flipped":
        return content[:at] + bytes([content[at] ^ (byte or 1)]) + content[at + 1 :]
    if kind == "cut":
        return content[:at]
    if kind == "line twice":
        lines = content.split(end)
        return end.join([*lines[: at % len(lines) + 1], *lines[at % len(lines) :]])
    if kind == "joined":
        place = content.find(end, at)
        return content if place < 0 else content[:place] + content[place + len(end) :]
    put = {"delimiter": dialect.delimiter.encode(), "quote": b'"', "zero": b"\0", "line end": b"\r"}[kind]
    return content[:at] + put + content[at:]


@MANY
@given(tables, dialects, st.sampled_from(DAMAGE), st.integers(0, 10**6), st.integers(1, 255))
def test_damaged_file_message_holds_no_value(
    folder: Path, table: list[Row], dialect: Dialect, kind: str, at: int, byte: int
):
    table = [row for row in table if fits(row.text + row.note, dialect.encoding)]
    table.append(Row("A-999999", MARK, Decimal("1.50"), None, MARK))
    agreed = contract(folder, encoding=dialect.encoding, delimiter=dialect.delimiter)
    content = damaged(CSV_WRITERS[0](table, dialect), kind, at, byte, dialect)
    try:
        read(agreed, content, folder)
    except DeliveryRefused as refused:
        assert_is_fit_to_print(refused, table)
    except duckdb.Error as error:  # an extraction reports no more of the error than this
        assert MARK not in str(without_values(SOURCE, error))  # noqa: PT017


@MANY
@given(tables, dialects, st.integers(0, 12), st.sampled_from(['x"\n', '"x"y\n', 'x;y"\n', "x\n"]), st.booleans())
def test_stray_line_changes_no_other_record(
    folder: Path, table: list[Row], dialect: Dialect, place: int, line: str, is_record_twice: bool
):
    """The line is set aside and nothing else, wherever it stands. A record that is there twice is read twice."""
    table = [row for row in table if fits(row.text + row.note, dialect.encoding)]
    table += table[:1] * is_record_twice
    first, second = table[: place % (len(table) + 1)], table[place % (len(table) + 1) :]
    dialect = replace(dialect, ends_its_last_line=True)
    agreed = contract(folder, encoding=dialect.encoding, delimiter=dialect.delimiter)
    whole = CSV_WRITERS[0](first, dialect)
    header = CSV_WRITERS[0]([], dialect)
    content = whole + line.encode() + CSV_WRITERS[0](second, dialect).removeprefix(header)
    try:
        found, broken = read(agreed, content, folder)
    except DeliveryRefused as refused:
        assert_is_fit_to_print(refused, table)
        assert is_ambiguous(content, dialect)
        return
    assert broken == 1
    hold_undamaged(table, found, 0)


NEXT = ";3,00;03-02-2003;n\n"


@pytest.mark.parametrize(
    "joined",
    [
        'A-000002;"16 tommer;2,00;02-02-2003;n\nA-000003;skærm 12"' + NEXT,
        'A-000002;"16 tommer;2,00;02-02-2003;n\r\nA-000003;skærm 12"' + NEXT,
        '"A-000002;tekst 2;2,00;02-02-2003;n\nA-000003";tekst' + NEXT,
        'A-000002;tekst;"2,00;02-02-2003;n\nA-000003;tekst;3,00";03-02-2003;n\n',
        'A-000002;"16 tommer;;02-02-2003;\nA-000003;skærm 12"' + NEXT,
    ],
)
def test_quote_that_joins_two_records_is_seen(tmp_path: Path, joined: str) -> None:
    """Another row's amount would be read as that of A-000002, and A-000003 would be nowhere."""
    content = f"Nr;Tekst;Beløb;Dag;Note\nA-000001;t;1,00;01-02-2003;n\n{joined}"
    with pytest.raises(DeliveryRefused, match=r"line 3 is a whole record of the table by itself, and a quote in it"):
        read(contract(tmp_path), content.encode(), tmp_path)


@pytest.mark.parametrize(
    "text", ["note; af flere\nlinjer", "1; 2; 3\n4; 5; 6", "den 1. maj; 2 gange; kl. 10; i alt\n3 timer"]
)
def test_text_with_semicolons_over_lines_is_read(tmp_path: Path, text: str) -> None:
    content = f'Nr;Tekst;Beløb;Dag;Note\nA-000001;"{text}";1,00;01-02-2003;n\n'
    rows, broken = read(contract(tmp_path), content.encode(), tmp_path)
    assert ([row["text"] for row in rows], broken) == ([text], 0)


def test_control_signs_make_no_other_key(tmp_path: Path) -> None:
    content = "Nr;Tekst;Beløb;Dag;Note\n" + "".join(
        f"{key};t;1,00;01-02-2003;n\n" for key in ("A-00\x1a0001", "A-000001\x7f\x02")
    )
    rows, _ = read(contract(tmp_path), content.encode(), tmp_path)
    assert {row["number"] for row in rows} == {"A-000001"}


def assert_is_fit_to_print(refused: DeliveryRefused, table: list[Row]) -> None:
    assert len(str(refused)) <= LONGEST_MESSAGE
    assert refused.remedy and "rows.csv" in refused.what
    for value in (MARK, *(row.number for row in table)):
        assert value not in str(refused)
