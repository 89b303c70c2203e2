"""Whatever text arrives, its value is read exactly or its row is set aside. It never becomes null or zero."""

import csv
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kvalitet.contracts import Column, Contract, Table
from kvalitet.intake.reading import reading
from kvalitet.intake.spool import SpooledFile
from kvalitet.spelling.signs import INVISIBLE

pytestmark = pytest.mark.slow

COLUMNS = (
    Column("id", "id", "integer", "", "internal", is_required=True, key_position=1),
    Column("amount", "amount", "number", "", "internal", scale=2),
    Column("count", "count", "integer", "", "internal"),
    Column("day", "day", "date", "", "internal", format="dd-MM-yyyy"),
    Column("moment", "moment", "timestamp", "", "internal", format="yyyy-MM-dd'T'HH:mm:ss"),
    Column("flag", "flag", "boolean", "", "internal"),
)
TABLE = Table("source", "table", "", "t_{cutoff}.csv", False, COLUMNS)
CONTRACT = Contract(
    "source", "", "", "", file_format="csv", encoding="utf-8", delimiter=";", decimal_sign=",",
    timezone="Europe/Copenhagen", tables={"table": TABLE},
)  # fmt: skip

digits = st.text("0123456789", min_size=1, max_size=12)
loose_text = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
numbers = st.builds(lambda sign, whole, part: sign + whole + part, st.sampled_from(["", "-", "+"]), digits,
                    st.one_of(st.just(""), digits.map(lambda d: "," + d), digits.map(lambda d: "." + d)))  # fmt: skip
dates = st.dates().map(lambda day: f"{day:%d-%m-}{day.year:04d}")
odd_dates = st.tuples(st.integers(0, 40), st.integers(0, 15), st.integers(0, 9999)).map(
    lambda parts: "{:02d}-{:02d}-{:04d}".format(*parts)
)
moments = st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)).map(lambda m: f"{m:%Y-%m-%dT%H:%M:%S}")  # noqa: DTZ001
texts = st.one_of(loose_text, numbers, dates, odd_dates, moments, st.sampled_from(["True", "False", "true", "1", "ja"]))


def read(folder: Path, values: list[str]) -> list[dict]:
    path = folder / "spool"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([column.header for column in COLUMNS])
        writer.writerows([[str(number), *[value] * 5] for number, value in enumerate(values)])
    file = SpooledFile("t.csv", 0, "", path, original=path)
    with reading(CONTRACT, TABLE, file, (b"k" * 32,), folder, date(2025, 1, 2)) as batches:
        rows = batches.batches.read_all().to_pylist()
        assert len(batches.broken) == 0
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("typing")


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, min_size=1, max_size=30))
@example(["12.5", "12,5", "1.234,5", "-0,00", "31-02-2024", " 1-02-2024", "2024-03-31T02:30:00", "٣", "1e5", "0x10"])
@example([" 12", "12\u00a0", "\u200b12,5", " ", "\u2007", "1\u00ad2", "+3112991234", "3112991234,00", "3112991234,0"])
@example(["1\u202e", "\u202e", "\u00ad", "ja\u00ad", "True\u00ad", "01-02-2024\u00ad", "01-02-2024\u202e"])
@example(["3112991234", "9112991234", "0013991234", "3212991234", "3113991234", "-3112991234", "3112991234,5"])
def test_every_value_is_exact_or_set_aside(folder, values):
    rows = read(folder, values)
    assert len(rows) == len(values)
    for row, delivered in zip(rows, values, strict=True):
        text = as_read(delivered)
        problems = {item.partition(":")[0] for item in (row["problems"] or "").split(";") if item}
        if row["problems"] is not None:
            assert all(row[name] is None for name in ("amount", "count", "day", "moment", "flag"))
        for name, expected in (
            ("amount", as_number(text)),
            ("count", as_integer(text)),
            ("day", as_moment(text, "%d-%m-%Y")),
            ("flag", {"True": True, "true": True, "1": True, "False": False, "false": False, "0": False}.get(text)),
        ):
            is_refused = shows_otherwise(delivered, name) or (expected is None and text != "")
            assert (name in problems) == is_refused, (name, text)
            if row["problems"] is None and text != "":
                got = row[name]
                assert got == (expected.date() if isinstance(expected, datetime) else expected)


def shows_otherwise(delivered: str, name: str) -> bool:
    """Right-to-left override turns digits around on a screen, and many programs show a soft hyphen as a minus."""
    return "\u202e" in delivered or (name in ("amount", "count") and "\u00ad" in delivered)


def as_read(text: str) -> str:
    """The text in composed form, with ordinary spaces, and without blanks at its ends and invisible characters."""
    text = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    text = "".join(sign for sign in text if sign not in INVISIBLE)
    return unicodedata.normalize("NFC", text).strip(" \t\r\n\v\f\u2028\u2029")


def reads_as_a_person(text: str) -> bool:
    """Ten digits that begin with a day and a month. Replacement numbers have 60 added to the day."""
    text = re.sub("[.,]0+$", "", text.removeprefix("+"))
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    return (1 <= int(text[:2]) <= 31 or 61 <= int(text[:2]) <= 91) and 1 <= int(text[2:4]) <= 12


def as_number(text: str) -> Decimal | None:
    whole, comma, part = text.lstrip("+-").partition(",") if text[:1] in "+-" else text.partition(",")
    decimals = not comma or (part.isascii() and part.isdigit() and len(part) <= 2)
    if not (whole.isascii() and whole.isdigit() and decimals) or text.startswith(("++", "--", "+-", "-+")):
        return None
    if reads_as_a_person(text):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def as_integer(text: str) -> int | None:
    body = text[1:] if text[:1] in ("+", "-") else text
    if not (body.isascii() and body.isdigit()) or not -(2**63) <= int(text) < 2**63 or reads_as_a_person(text):
        return None
    return int(text)


def as_moment(text: str, pattern: str) -> datetime | None:
    text = re.sub("[.,]0+$", "", text.removeprefix("+"))
    if len(text) != 10 or not text.isascii() or not text.replace("-", "").isdigit() or text[2] + text[5] != "--":
        return None
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007
    except ValueError:
        return None
