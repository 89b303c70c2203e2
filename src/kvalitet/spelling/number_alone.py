"""Spellings of an identity number that is the whole value: in a column of persons, or by mistake in one of numbers."""

import re

from kvalitet.spelling.number_parts import (
    BESIDE,
    CPR,
    DAY,
    ENDS,
    JOINS,
    MONTH,
    MONTH_NAME,
    NEXT_LINE,
    PART,
    SPACING,
    YEAR,
    YEAR_FIRST,
)  # fmt: skip

#: What surrounds a whole value: a spreadsheet's marks of a text.
WRAPPED = "^[='\"]+|[\"']+$"
#: (pattern, replacement), applied in order: restore the digits of a number that was read as an amount.
UNDONE = (
    ("^" + SPACING.join(["([0-9])"] * 10) + "$", r"\1\2\3\4\5\6\7\8\9\g<10>"),
    *((f"^([0-9])[{s}]([0-9]{{3}})[{s}]([0-9]{{3}})[{s}]([0-9]{{3}})(?:[.,]0+)?$", r"\1\2\3\4") for s in ".,' "),
    *((f"^([0-9]{{3}})[{s}]([0-9]{{3}})[{s}]([0-9]{{3}})(?:[.,]0+)?$", r"\1\2\3") for s in ".,' "),
    ("^([0-9]{9,12})[.,]0+$", r"\1"),
    ("^([0-9])[.,](?:([0-9]{9})[eE][+]?0?9|([0-9]{8})[eE][+]?0?8)$", r"\1\2\3"),
)
_ANY_GAP = f"(?:[ \t]{{0,2}}[{JOINS}/](?:[ \t]?[{JOINS}/]){{0,2}}[{ENDS}]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}}|{NEXT_LINE})?"
_ANY_DAY = f"(?:{DAY}|[1-9])"
#: A whole folded value that can only be a number, where a person is agreed.
WHOLE = (
    f"(?:{_ANY_DAY}{MONTH}{YEAR}|{_ANY_DAY}{PART}{MONTH}{PART}{YEAR}){_ANY_GAP}[0-9]{{2}}[-./_ \t]?[0-9]{{2}}"
    f"|{YEAR_FIRST}"
)
WHOLE_CVR = "(?:[Dd][Kk][- .]?)?[1-9](?:[-. /_]{0,2}[0-9]){7}"
#: A whole number in a column of numbers, after its thousands separators were removed.
WHOLE_NUMBER = f"[+]?{CPR}(?:[.,]0+)?"
#: The same for integers: also without its first zero, or with its century.
INTEGER = f"[+]?(?:{CPR}|[1-9]{MONTH}[0-9]{{6}}|{DAY}{MONTH}(?:18|19|20)[0-9]{{6}}|{YEAR_FIRST})"

#: The fifth and sixth of twelve digits with the day first. With the year first, they are a month.
_CENTURIES = ("18", "19", "20")
#: (day, month or its name, year, serial number) of a value with a day and a month as people write them.
_SHORT_PARTS = re.compile(
    f"([0-9]{{1,2}})(?:[-./ \t]{{1,3}}([0-9]{{1,2}})[-./ \t]{{1,3}}|[. \t]{{0,3}}({MONTH_NAME})[., \t]{{0,3}})"
    f"({YEAR}){BESIDE}{{1,6}}([0-9]{{4}})"
)
_MONTH_NUMBERS = {name: f"{number:02}" for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"), 1)}  # fmt: skip
_UNDONE = tuple((re.compile(pattern), written) for pattern, written in UNDONE)


def undone(text: str) -> str:
    """The value without what a person or a spreadsheet did to its digits."""
    if parts := _SHORT_PARTS.fullmatch(text):
        day, month, name, year, serial = parts.groups()
        text = f"{int(day):02}{month.rjust(2, '0') if month else _MONTH_NUMBERS[name[:3].lower()]}{year}{serial}"
    for pattern, written in _UNDONE:
        text = pattern.sub(written, text)
    return text


def ten_digits(digits: str) -> str:
    """Nine to twelve digits of a number as ten: with the lost zero, without the century, and with the day first."""
    digits = digits if len(digits) % 2 == 0 else f"0{digits}"
    if len(digits) == 10:
        return digits
    if digits[4:6] in _CENTURIES:
        return digits[:4] + digits[6:]
    return digits[6:8] + digits[4:6] + digits[2:4] + digits[8:]
