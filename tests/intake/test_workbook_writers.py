"""Tables written by programs of others are read back with every row and value, and with their row numbers."""

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from libreoffice import AS_CSV, convert, needs_libreoffice
from workbooks import COLUMNS, contract, read

from kvalitet.contracts import Column
from kvalitet.spelling.text import tidy

pytestmark = pytest.mark.slow

HEADERS = [column.header for column in COLUMNS]
letters = st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co"), blacklist_characters="_\ufffc\ufdd1\ufdd2")
amounts = st.one_of(
    st.integers(-(10**14), 10**14),
    st.decimals(-(10**9), 10**9, places=4).map(float),
)
rows = st.lists(
    st.tuples(st.text(letters, max_size=40), amounts, st.dates(date(1900, 3, 1), date(9999, 12, 31))),
    min_size=1,
    max_size=12,
)
layouts = st.tuples(st.integers(0, 5), st.lists(st.integers(0, 2), min_size=12, max_size=12))


def expected(table: list[tuple]) -> list[list[str]]:
    """The values as in a Danish contract: decimal comma, dd-MM-yyyy."""
    records = []
    for number, (text, amount, day) in enumerate(table):
        plain = f"{Decimal(str(amount)).normalize():f}".replace(".", ",")
        records.append([f"n{number}", tidy(text), plain, f"{day:%d-%m-}{day.year:04d}"])
    return records


def with_openpyxl(file: Path, table: list[tuple], top: int, gaps: list[int]) -> list[int]:
    book = openpyxl.Workbook(write_only=False)
    sheet = book.worksheets[0]
    sheet.title = "Ark1"
    for column, name in enumerate(HEADERS, 1):
        sheet.cell(1 + top, column, name)
    numbers, row = [], 1 + top
    for number, (text, amount, day) in enumerate(table):
        row += 1 + gaps[number]
        for column, value in enumerate((f"n{number}", text, amount, day), 1):
            cell = sheet.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # also a text that begins like a formula
        numbers.append(row)
    book.save(file)
    return numbers


def with_xlsxwriter(file: Path, table: list[tuple], top: int, gaps: list[int]) -> list[int]:
    numbers, row = [], top
    with xlsxwriter.Workbook(file, {"constant_memory": bool(top % 2), "date_1904": top > 2}) as book:
        sheet = book.add_worksheet("Ark1")
        day_format = book.add_format({"num_format": "dd/mm yyyy"})
        sheet.write_row(row, 0, HEADERS)
        for number, (text, amount, day) in enumerate(table):
            row += 1 + gaps[number]
            sheet.write_string(row, 0, f"n{number}")
            sheet.write_string(row, 1, text)
            sheet.write_number(row, 2, amount)
            sheet.write_datetime(row, 3, day, day_format)
            numbers.append(row + 1)
    return numbers


def with_polars(file: Path, table: list[tuple], top: int, gaps: list[int]) -> list[int]:
    columns = [[f"n{number}" for number in range(len(table))], *map(list, zip(*table, strict=True))]
    columns[2] = list(map(float, columns[2]))
    frame = polars.DataFrame(dict(zip(HEADERS, columns, strict=True)))
    frame.write_excel(file, worksheet="Ark1", position=(top, 0), autofilter=bool(top % 2))
    return list(range(top + 2, top + 2 + len(table)))


@pytest.mark.parametrize("write", [with_openpyxl, with_xlsxwriter, with_polars])
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=rows, layout=layouts)
def test_written_workbook_is_read(write, table, layout, tmp_path):
    if write is with_xlsxwriter and layout[0] > 2:
        table = [(text, amount, max(day, date(1904, 1, 1))) for text, amount, day in table]
    numbers = write(tmp_path / "written.xlsx", table, *layout)
    records, found = read(tmp_path, (tmp_path / "written.xlsx").read_bytes())
    records = [[key, tidy(text), amount, day] for key, text, amount, day in records]
    assert (records, list(found.records)) == (expected(table), numbers)


@needs_libreoffice
def test_libreoffice_workbook_is_read(tmp_path):
    table = [(f"tekst {n}", n * 1.25 - 7, date(1950 + n, 1 + n % 12, 1 + n % 28)) for n in range(200)]
    numbers = with_xlsxwriter(tmp_path / "written.xlsx", table, 0, [n % 3 for n in range(200)])
    convert([tmp_path / "written.xlsx"], "xlsx", tmp_path / "converted")
    records, found = read(tmp_path, (tmp_path / "converted" / "written.xlsx").read_bytes())
    assert (records, list(found.records)) == (expected(table), numbers)


@needs_libreoffice
def test_default_hidden_rows_as_in_libreoffice(tmp_path):
    """The rows of the sheet are hidden by default. Those that hold data are read, as LibreOffice shows them."""
    with xlsxwriter.Workbook(tmp_path / "written.xlsx") as book:
        sheet = book.add_worksheet("Ark1")
        sheet.set_default_row(hide_unused_rows=True)
        sheet.write_row(0, 0, HEADERS)
        for row in (1, 2, 8):
            sheet.write_string(row, 0, f"n{row}")
    records, _ = read(tmp_path, (tmp_path / "written.xlsx").read_bytes())
    convert([tmp_path / "written.xlsx"], "fods", tmp_path / "converted")
    saved = (tmp_path / "converted" / "written.fods").read_text(encoding="utf-8")
    rows = re.findall(r"<table:table-row([^>]*)>(.*?)</table:table-row>", saved, re.DOTALL)
    shown = {"".join(re.findall("<text:p>(..)", cells)[:1]): 'visibility="collapse"' not in how for how, cells in rows}
    assert shown == {"Nr": True, "n1": True, "n2": True, "n8": True, "": False}
    assert [record[0] for record in records] == ["n1", "n2", "n8"]


#: Formats whose text is the same in every language except for the thousands separator.
FORMATS = (
    "General", "0", "0.00", "#,##0", "#,##0.00", "0%", "0.0%", "0000", "000000-0000", "00 00 00 00", "0.0,", "0,",
    '0.00,," mio."', '#,##0.00 "kr."', "[$kr.-406] #,##0.00", "0;0", "0;[Red]0", "0;(0)", '0;-0;"-"', "0\\%", "0.##",
    '"Ja";"Nej";"Nul"', '[>=100]"stor";"lille"', "[<1]0.00;0", "@", '"Sag "@', '"S-"0000', "0.0#", 'General" stk"',
    '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "-0", "0.0;\\-0.0;0.0", "[Blue]0;[Red]\\-0", "0_)", "0.00\\ %",
)  # fmt: skip
NUMBERS = (0, 1, -5, 12.5, 0.3, -0.004, 1234567.891, 45413, 101011234, 0.1 + 0.2, 123456789012, -0.5, 99.995, 1 / 3)


@needs_libreoffice
def test_numbers_as_text_as_in_libreoffice(tmp_path):
    cells = [(code, number) for code in FORMATS for number in NUMBERS]
    with xlsxwriter.Workbook(tmp_path / "written.xlsx") as book:
        sheet = book.add_worksheet("Ark1")
        sheet.write_row(0, 0, ["id", "v"])
        for row, (code, number) in enumerate(cells, 1):
            sheet.write_string(row, 0, f"n{row}")
            sheet.write_number(row, 1, number, book.add_format({"num_format": code}))
    convert([tmp_path / "written.xlsx"], AS_CSV.format(delimiter=ord(",")), tmp_path / "converted")
    with (tmp_path / "converted" / "written.csv").open(encoding="utf-8", newline="") as lines:
        shown = [line[1].replace(",", "").strip() for line in list(csv.reader(lines))[1:]]
    columns = (Column("id", "id", "string", "", "internal", key_position=1), Column("v", "v", "string", "", "internal"))
    records, _ = read(tmp_path, (tmp_path / "written.xlsx").read_bytes(), contract(columns))
    read_as = [record[1].replace(",", ".") for record in records]
    assert dict(zip(cells, read_as, strict=True)) == dict(zip(cells, shown, strict=True))


@pytest.mark.parametrize("moment", [datetime(2024, 5, 1, 13, 45), datetime(1999, 12, 31, 23, 59, 59)])  # noqa: DTZ001
def test_moment_in_text_keeps_its_time(tmp_path, moment):
    with xlsxwriter.Workbook(tmp_path / "written.xlsx", {"default_date_format": "dd-mm-yyyy hh:mm:ss"}) as book:
        sheet = book.add_worksheet("Ark1")
        sheet.write_row(0, 0, HEADERS)
        sheet.write_row(1, 0, ["a", moment])
    records, _ = read(tmp_path, (tmp_path / "written.xlsx").read_bytes())
    assert records == [["a", moment.isoformat(" "), "", ""]]
