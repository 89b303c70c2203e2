"""Finds identity numbers (CPR) of every spelling in texts, masks them there, and reads them where a person is agreed.

This is the only definition. A number is a day (replacement numbers have 60 added), a month, a year with or without its
century, and four more digits, with the characters that people and programs put between.
kvalitet.spelling.number_in_text and number_alone hold the patterns. kvalitet.spelling.macros makes DuckDB's SQL from
them.
"""

import re

from kvalitet.spelling.number_alone import WHOLE, WHOLE_CVR, WRAPPED, ten_digits, undone
from kvalitet.spelling.number_in_text import FIND
from kvalitet.spelling.number_parts import CPR, CVR, LETTERS, MARKUP
from kvalitet.spelling.signs import FOLDED, MARKED
from kvalitet.spelling.text import UNUSUAL, tidy, visible

MASK = "[cpr]"
#: A number of equal digits stands for nobody, at any length that a number can have.
SHORTEST_ALIKE, LONGEST_ALIKE = 8, 12
#: Characters that are left out where two values are compared as numbers.
SIGNS = " \t-./_"

_NO_SIGNS = str.maketrans("", "", SIGNS)
_FOLD = str.maketrans(FOLDED)
_DIGITS = str.maketrans(LETTERS)
_FIND, _MARKED = re.compile(FIND), re.compile(MARKED)
_WHOLE, _CPR, _CVR, _WHOLE_CVR = map(re.compile, (WHOLE, CPR, CVR, WHOLE_CVR))


def fold(text: str) -> str:
    """The text with ASCII digits, dashes, dots, slashes and blanks for lookalikes, and without marks on them."""
    return _unmarked(text).translate(_FOLD) if UNUSUAL.search(text) else text


def _unmarked(text: str) -> str:
    """The text without marks over, under or through a digit or another character of a number."""
    return _MARKED.sub(r"\1", text) if UNUSUAL.search(text) else text


def holds_number(text: str) -> bool:
    """Whether a number is written in the text."""
    return _FIND.search(fold(visible(text))) is not None


def numbers(text: str) -> set[str]:
    """The numbers written in the text, each as ten digits."""
    found = (match[0] for match in _FIND.finditer(fold(visible(text))))
    digits = (person(number) or person(number.translate(_DIGITS)) for number in found)
    return {number for number in digits if number}


def mask(text: str) -> str:
    """The text with `[cpr]` for each number. A text without any is returned unchanged."""
    seen = _unmarked(visible(text))
    places = [match.span() for match in _FIND.finditer(fold(seen))]
    if not places:
        return text
    for begin, end in reversed(places):
        seen = seen[:begin] + MASK + seen[end:]
    return seen


def person(text: str, allows_cvr: bool = False) -> str | None:
    """The number that the whole text is: ten digits, eight for a company. None where it is none or several."""
    text = re.sub(MARKUP, "-", re.sub(WRAPPED, "", fold(tidy(text))))
    plain = text.replace("-", "").replace(" ", "")
    if _CPR.fullmatch(plain) or (allows_cvr and _CVR.fullmatch(plain)):
        return plain
    text = undone(text)
    if _WHOLE.fullmatch(text):
        return ten_digits(re.sub("[^0-9]", "", text))
    return re.sub("[^0-9]", "", text) if allows_cvr and _WHOLE_CVR.fullmatch(text) else None


def only_digits(text: str) -> str:
    """The text without a number's separators, for comparing two."""
    return fold(tidy(text)).translate(_NO_SIGNS)
