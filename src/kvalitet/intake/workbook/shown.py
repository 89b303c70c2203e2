"""The text of a cell for a column, as the cell shows it.

Where what is shown and what is stored differ in meaning (30 % and 0.3, a hidden zero, a date without its year), the
column's `cellValue` says which is meant. Where it does not say, the cell is set aside.
"""

from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import NamedTuple

from kvalitet.contracts import Column
from kvalitet.intake.workbook.formats import DASHES, Section, chosen, digits, of_text
from kvalitet.intake.workbook.moments import moment_text, written
from kvalitet.intake.workbook.strings import RAISED_OR_STRUCK
from kvalitet.spelling.text import tidy

#: Stand in a table for a cell that has no readable value, that is shown otherwise than it is stored, or whose value is
#: merged with that of other rows or columns. No delivered text holds these characters.
UNREADABLE, SHOWN_OTHERWISE, MERGED = "\ufffc", "\ufdd1", "\ufdd2"
#: The rule that each of them breaks.
CELL_RULES = {UNREADABLE: "formula_error", SHOWN_OTHERWISE: "shown_otherwise", MERGED: "merged_cells"}
#: Excel keeps so many digits of a number.
EXACT = Context(prec=15, rounding=ROUND_HALF_EVEN)
DAY, MOMENT = frozenset("ymd"), frozenset("ymdhs")


class Cell(NamedTuple):
    """A cell as it is stored: its kind (n, s, str, b, e, d), text, format code and whether it has a formula.

    `text` is None where nothing is stored.
    """

    kind: str
    text: str | None
    code: str = "General"
    has_formula: bool = False


def holds_anything(cell: Cell) -> bool:
    """Whether a person sees something in the cell, or would see it if its formula had a result."""
    if cell.text is None or (not cell.text and cell.kind != "str"):
        return cell.has_formula
    return bool(tidy(cell.text))


def shown(cell: Cell, column: Column, is_1904: bool, point: str) -> str:
    """The text of a cell that holds something. Never raises: an unreadable cell gives UNREADABLE."""
    if cell.kind == "e" or not (cell.text or "").strip():
        return UNREADABLE
    text = cell.text or ""
    if cell.kind == "str":
        if text.startswith(RAISED_OR_STRUCK):
            text = text.removeprefix(RAISED_OR_STRUCK)
            if column.logical_type != "string" and column.cell_value != "stored":
                return SHOWN_OTHERWISE
        return _text(text, cell.code if column.cell_value != "stored" else "General")
    if cell.kind == "b":
        return _truth(text.strip(), column)
    if cell.kind == "d":
        return _iso(text.strip(), column)
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return UNREADABLE
    if not number.is_finite() or abs(number.adjusted()) > 400:
        return UNREADABLE
    return _number(EXACT.plus(number), cell.code, column, is_1904, point)


def _text(text: str, code: str) -> str:
    section = of_text(code)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if section is None or section.kind in ("general", "number", "moment", "unknown"):
        return text
    if section.kind != "text":  # the format hides the text, or shows another one
        return SHOWN_OTHERWISE
    return "".join(text if part == "@" else part[1:] for part in section.parts)


def _truth(text: str, column: Column) -> str:
    if text not in ("0", "1"):
        return UNREADABLE
    if column.logical_type == "boolean":
        return (column.true_values if text == "1" else column.false_values)[0]
    return "TRUE" if text == "1" else "FALSE"


def _iso(text: str, column: Column) -> str:
    """A date, time or both in ISO 8601, as strict workbooks may store them."""
    for kind in (date, time, datetime):
        try:
            value = kind.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            continue
        if isinstance(value, time):
            return value.replace(microsecond=0).isoformat()
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 (a workbook knows no zone)
        if value.tzinfo is None:
            value = value.replace(microsecond=0)
            return written(value, MOMENT if value.time() != time.min else DAY, _pattern(column))
    return UNREADABLE


def _pattern(column: Column) -> str | None:
    return column.format if column.logical_type in ("date", "timestamp") else None


def _number(number: Decimal, code: str, column: Column, is_1904: bool, point: str) -> str:
    section, has_minus = chosen(code, number)
    if section.kind == "moment":
        if _hides_year(section.shows) and column.cell_value != "stored":
            return SHOWN_OTHERWISE
        return moment_text(number, is_1904, section.shows, _pattern(column)) or UNREADABLE
    if column.logical_type in ("number", "integer"):
        return _measured(number, section, has_minus, column, point)
    return _plain(number, point) if column.cell_value == "stored" else _written(number, section, has_minus, point)


def _hides_year(shows: frozenset[str]) -> bool:
    """Whether the format may hide the year. Excel reads 1/2 as a date of the current year and shows 01-feb."""
    return "y" not in shows and ("d" in shows or not shows - {"m"})


def _measured(number: Decimal, section: Section, has_minus: bool, column: Column, point: str) -> str:
    """A number for a column of numbers, as stored unless the format gives it another meaning."""
    if column.cell_value == "stored" or _means_the_same(number, section, has_minus):
        return _plain(number, point)
    if column.cell_value == "shown":
        if section.kind == "number" and not _loses_sign(number, section, has_minus) and _is_plain(section):
            return _plain(number.scaleb(section.power), point)
        if section.kind == "literal" and not section.literal:
            return ""
    return SHOWN_OTHERWISE


def _means_the_same(number: Decimal, section: Section, has_minus: bool) -> bool:
    if section.kind == "general" or section.kind == "text":
        return not any(sign.isdigit() or sign in "%‰" for sign in section.literal)
    if section.kind == "literal":
        return number == 0 and section.literal in DASHES
    hides = number == 0 and not digits(section, number, ".") and not section.literal
    return (
        section.kind == "number"
        and not section.power
        and not hides
        and not _loses_sign(number, section, has_minus)
        and not any(sign in "%‰" for sign in section.literal)
        and _is_plain(section)
    )


def _is_plain(section: Section) -> bool:
    """Whether the format shows no digits but the number's own."""
    return not any(sign.isdigit() for sign in section.literal)


def _loses_sign(number: Decimal, section: Section, has_minus: bool) -> bool:
    is_shown_negative = has_minus or section.before.endswith(("-", "–", "−", "(")) or section.before.startswith("-")
    if number < 0:
        return not (is_shown_negative or section.has_colour)
    return number > 0 and is_shown_negative and not has_minus


def _written(number: Decimal, section: Section, has_minus: bool, point: str) -> str:
    """A number in a column of texts, dates or truth values, as it is shown but without thousands separators."""
    if section.kind == "literal":
        return section.literal or SHOWN_OTHERWISE
    if section.kind == "unknown" or abs(number) >= Decimal(10) ** 15:  # Excel has lost its last digits
        return SHOWN_OTHERWISE
    if section.kind == "general":
        return "".join(_plain(number, point) if part == "G" else part[1:] for part in section.parts).strip()
    if section.kind == "text":
        return _plain(number, point)
    if not section.is_simple:  # 2E5 and 1/2 are codes that a person typed, while 200000 and 0.5 are not
        return SHOWN_OTHERWISE
    text = digits(section, number, point)
    if not text:
        return SHOWN_OTHERWISE
    return f"-{text}" if has_minus and any(sign in "123456789" for sign in text) else text


def _plain(number: Decimal, point: str) -> str:
    return format(number.normalize(), "f").replace(".", point or ".")
