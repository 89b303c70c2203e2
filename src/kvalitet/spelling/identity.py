"""Identity numbers (CPR) in every spelling: found in texts, masked there, and read where a person is agreed.

The one definition: a day (replacement numbers have 60 added), a month, a year with or without its century, and four
more digits, with signs where people and programs put them. Patterns are written over folded text, in syntax that
Python's `re` and DuckDB's RE2 read alike. kvalitet.spelling.macros makes DuckDB's SQL from them.
"""

import re

from kvalitet.spelling.signs import FOLDED
from kvalitet.spelling.text import UNUSUAL, tidy, visible

_DAY = "(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = "(?:0[1-9]|1[0-2])"
_YEAR = "(?:18|19|20)?[0-9]{2}"
_SERIAL = "[0-9]{4}"
#: Four digits that are no year of our time: 100118/2021 is a court's case of 2021.
_NO_YEAR = "(?:(?:[03-9][0-9]|1[0-8]|2[1-9])[0-9]{2})"
#: Between the parts of the date, and between date and serial number.
_PART = "(?:[ \t]?[-./_][ \t]?|[ \t])"
#: A dash that got lost in another encoding is a question mark, or three signs that begin with â.
_JOINS = "-._:,+~*?\ufffdâ€Â\u2018\u2019\u201c\u201d"
_GAP = f"(?:[ \t]{{0,2}}[{_JOINS}]{{1,3}}[\r\n]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}})?"
_SLASH = "[ \t]{0,2}/[ \t]{0,2}"

#: A number as it is stored: ten digits.
CPR = f"{_DAY}{_MONTH}[0-9]{{6}}"
CVR = "[0-9]{8}"

_DATE = f"(?:{_DAY}{_MONTH}{_YEAR}|{_DAY}{_PART}{_MONTH}{_PART}{_YEAR})"
#: A spreadsheet takes the number for an amount: the first zero is lost, or an exponent comes.
_LOST_ZERO = f"[1-9]{_MONTH}{_YEAR}[ \t]?-{{1,2}}[ \t]?{_NO_YEAR}"
_MANTISSA = "(?:[12][.,][0-9]|3[.,][01]|6[.,][1-9]|[78][.,][0-9]|9[.,][01])"
_EXPONENT = f"(?:{_MANTISSA}{_MONTH}[0-9]{{5,6}}[eE][+]?0?9|[1-9][.,]{_MONTH}[0-9]{{5,6}}[eE][+]?0?8)"
_SPELLED = f"(?:{_DATE}{_GAP}{_SERIAL}|{_DATE}{_SLASH}{_NO_YEAR}|{_LOST_ZERO}|{_EXPONENT})"
#: A folded text in which a number is written, and nothing longer.
IN_TEXT = f"(?:^|[^0-9]){_SPELLED}(?:[^0-9]|$)"
SHORTEST = 10

#: What surrounds a whole value: a spreadsheet's marks of a text.
WRAPPED = "^[='\"]+|[\"']+$"
#: (pattern, what is written for it), one after the other: the digits of a number that was taken for an amount.
UNDONE = (
    ("^([0-9]{9,12})[.,]0+$", r"\1"),
    ("^([0-9])[.,](?:([0-9]{9})[eE][+]?0?9|([0-9]{8})[eE][+]?0?8)$", r"\1\2\3"),
)
_ANY_GAP = f"(?:[ \t]{{0,2}}[{_JOINS}/]{{1,3}}[\r\n]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}})?"
_ANY_DAY = f"(?:{_DAY}|[1-9])"
#: A whole folded value that can only be a number, where a person is agreed.
WHOLE = f"(?:{_ANY_DAY}{_MONTH}{_YEAR}|{_ANY_DAY}{_PART}{_MONTH}{_PART}{_YEAR}){_ANY_GAP}{_SERIAL}"
WHOLE_CVR = "(?:[Dd][Kk][- .]?)?[1-9](?:[-. /_]{0,2}[0-9]){7}"
#: Digits all alike stand for nobody, of whatever length a number can have.
SHORTEST_ALIKE, LONGEST_ALIKE = 8, 12
#: The signs that are left out where two values are compared as numbers.
SIGNS = " \t-./_"
#: A whole number in a column of numbers, after its thousands were joined.
WHOLE_NUMBER = f"[+]?{CPR}(?:[.,]0+)?"

_NO_SIGNS = str.maketrans("", "", SIGNS)
_FOLD = str.maketrans(FOLDED)
_FIND = re.compile(f"(?<![0-9]){_SPELLED}(?![0-9])")
_WHOLE, _CPR, _CVR, _WHOLE_CVR = map(re.compile, (WHOLE, CPR, CVR, WHOLE_CVR))
_UNDONE = tuple((re.compile(pattern), written) for pattern, written in UNDONE)
MASK = "[cpr]"


def fold(text: str) -> str:
    """The text with the digits, dashes, dots, slashes and blanks of ASCII in place of those like them."""
    return text.translate(_FOLD) if UNUSUAL.search(text) else text


def holds_number(text: str) -> bool:
    """Whether a number is written in the text."""
    return _FIND.search(fold(visible(text))) is not None


def numbers(text: str) -> set[str]:
    """The numbers written in the text, each as ten digits."""
    found = (person(match[0]) for match in _FIND.finditer(fold(visible(text))))
    return {number for number in found if number}


def mask(text: str) -> str:
    """The text with `[cpr]` for each number. A text without any comes back as it is."""
    seen = visible(text)
    places = [match.span() for match in _FIND.finditer(fold(seen))]
    if not places:
        return text
    for begin, end in reversed(places):
        seen = seen[:begin] + MASK + seen[end:]
    return seen


def person(text: str, allows_cvr: bool = False) -> str | None:
    """The number that the whole text is: ten digits, eight for a company, None where it can be neither or several."""
    text = re.sub(WRAPPED, "", fold(tidy(text)))
    plain = text.replace("-", "").replace(" ", "")
    if _CPR.fullmatch(plain) or (allows_cvr and _CVR.fullmatch(plain)):
        return plain
    for pattern, written in _UNDONE:
        text = pattern.sub(written, text)
    digits = re.sub("[^0-9]", "", text)
    if _WHOLE.fullmatch(text):
        return ten_digits(digits)
    return digits if allows_cvr and _WHOLE_CVR.fullmatch(text) else None


def only_digits(text: str) -> str:
    """The text without the signs of a number, for comparing two."""
    return fold(tidy(text)).translate(_NO_SIGNS)


def ten_digits(digits: str) -> str:
    """Nine to twelve digits of a number: the lost zero comes back, the century goes."""
    digits = digits if len(digits) % 2 == 0 else f"0{digits}"
    return digits if len(digits) == 10 else digits[:4] + digits[6:]
