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
#: A sign as web pages, addresses, mails, JSON, workbooks, Markdown, RTF and TeX write it: &ndash; %2D =E2=80=93 \u2011
#: _x001E_ \- \endash \'96 {-} $-$, a tag, or an en dash of UTF-8 that was read as code page 850 or 437.
_NAMED = "ndash|mdash|nbsp|shy|hyphen|dash|minus|ensp|emsp|thinsp|#[0-9]{2,5}|#[xX][0-9a-fA-F]{2,4}"
_BYTE = "(?:2[0DdEeFf]|5[Ff]|0[9AaDd]|[cC]2|[aA][0dD]|[eE]2|8[0-9]|9[0-5])"
_UNICODE = r"\\u(?:00(?:2[0dDeEfF]|5[fF]|[aA][0dD])|20[0-9a-fA-F]{2}|2212)"
_ESCAPED = r"\\(?:e[nm](?:dash|space)[ ]?|'[0-9a-fA-F]{2}|[-_~*./,:+nrt ])|[{][-~]{1,3}[}]|[$]-[$]"
_TAG = "</?[a-zA-Z][^<>]*>"
MARKUP = (
    rf"(?:&(?:{_NAMED});|[%=]{_BYTE}|{_UNICODE}|{_ESCAPED}|{_TAG}|[ÔΓ]Ç[ôöæÉÆ]"
    r"|_x00[0-9a-fA-F]{2}_)"
)
#: Between the parts of the date, and between date and serial number.
_PART = f"(?:[ \t]?[-./_][ \t]?|[ \t]|{MARKUP})"
#: A dash that got lost in another encoding is a question mark, or three signs that begin with â.
_JOINS = "-._:,+~*?()\\[\\]{}|;#=<>'^\ufffdâ€Â\u2018\u2019\u201c\u201d"
#: What ends a line or a page.
_ENDS = "\r\n\v\f\x85\u2028\u2029"
_MARKED = f"[ \t{_JOINS}]{{0,2}}(?:{MARKUP}[ \t{_JOINS}]{{0,2}}){{1,6}}"
_GAP = f"(?:[ \t]{{0,2}}[{_JOINS}]{{1,3}}[{_ENDS}]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}}|{_MARKED})?"
#: Only behind a date without signs: 2100 in the line below 02.05.2023 is a town.
_NEXT_LINE = f"[ \t]{{0,2}}[{_JOINS}]{{0,3}}[ \t]{{0,2}}(?:\r\n|[{_ENDS}])[ \t]{{0,4}}-?[ \t]?"
_SLASH = "[ \t]{0,2}/[ \t]{0,2}"

#: A number as it is stored: ten digits.
CPR = f"{_DAY}{_MONTH}[0-9]{{6}}"
CVR = "[0-9]{8}"

_JOINED = f"{_DAY}{_MONTH}{_YEAR}"
_DATE = f"(?:{_JOINED}|{_DAY}{_PART}{_MONTH}{_PART}{_YEAR})"
#: In pairs, with blanks, or one sign all through: 01 01 90 12 34, 010190-12 34, 01.01.90.12.34.
_BLANK_PAIRS = f"(?:{_JOINED}|{_DAY}[ \t]{_MONTH}[ \t]{_YEAR})(?:[ \t]{{1,2}}|[ \t]?-[ \t]?)[0-9]{{2}}[ \t][0-9]{{2}}"
_SIGN_PAIRS = "|".join(f"{_DAY}[{s}]{_MONTH}[{s}][0-9]{{2}}[{s}][0-9]{{2}}[{s}][0-9]{{2}}" for s in "-./_")
_PAIRS = f"{_BLANK_PAIRS}|{_SIGN_PAIRS}"
#: The year first, with its century. Who was born from 2000 on has a serial number from 4000 on, so that the time of
#: day in 20230502_0915 is none.
_DAY_LAST = f"{_PART}?{_MONTH}{_PART}?{_DAY}{_GAP}"
_YEAR_FIRST = f"(?:1[89][0-9]{{2}}{_DAY_LAST}{_SERIAL}|20[0-9]{{2}}{_DAY_LAST}[4-9][0-9]{{3}})"
#: A day and a month as people write them, without zeros or by name: 1/1-90 1234, 1. januar 1990-1234. With a year of
#: this century only where a sign follows: 2100 behind 1/5-2023 is a town.
_SHORT_DAY = "(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH_NAME = (
    "(?i:jan(?:uar)?|feb(?:ruar)?|mar(?:ts)?|apr(?:il)?|maj|juni?|juli?|aug(?:ust)?|sep(?:t|tember)?|okt(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_SHORT_MONTH = (
    f"(?:[ \t]?[-./][ \t]?(?:0?[1-9]|1[0-2])[ \t]?[-./][ \t]?|[.]?[ \t]{{0,2}}{_MONTH_NAME}[.]?[ \t,]{{0,2}})"
)
_SHORT_DATE = f"{_SHORT_DAY}{_SHORT_MONTH}"
_SIGN = f"[ \t]{{0,2}}(?:[{_JOINS}]|{MARKUP}){{1,3}}[ \t]{{0,2}}"
#: (day, month or its name, year, serial number) of a whole value.
_SHORT_PARTS = re.compile(
    f"([0-9]{{1,2}})(?:[-./ \t]{{1,3}}([0-9]{{1,2}})[-./ \t]{{1,3}}|[. \t]{{0,3}}({_MONTH_NAME})[., \t]{{0,3}})"
    f"({_YEAR})[ \t{_JOINS}]{{1,6}}([0-9]{{4}})"
)
_MONTH_NUMBERS = {name: f"{number:02}" for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"), 1)}  # fmt: skip
_SHORT = f"{_SHORT_DATE}(?:{_YEAR}{_SIGN}|(?:18|19)?[0-9]{{2}}[ \t]{{1,3}}){_SERIAL}"
#: Grouped as an amount is, of one sign: 1.001.901.234. A round amount ends with 000.
_FIRST = "(?:0{0}[1-9]|[12]{0}[0-9]|3{0}[01]|6{0}[1-9]|[78]{0}[0-9]|9{0}[01])"
_LAST = "(?:[0-9]{2}[1-9]|[0-9][1-9]0|[1-9]00)"
#: Digit by digit, with a blank or a sign between.
_S = "[ \t.-]{1,3}"
_SPACED = _FIRST.format(_S) + f"{_S}(?:0{_S}[1-9]|1{_S}[0-2])" + f"{_S}[0-9]" * 6
_GROUPED = "|".join(f"{_FIRST.format(f'[{s}]')}{_MONTH}[{s}][0-9]{{3}}[{s}]{_LAST}" for s in ".,' ")
#: With the letters O, l and I for 0 and 1, as typewriters and scanners leave it: only with the hyphen, and alone.
LETTERS = {"O": "0", "o": "0", "l": "1", "I": "1"}
_DAY_IN_LETTERS = "(?:[0Oo][1-9lI]|[12lI][0-9OolI]|3[01OolI])(?:[0Oo][1-9lI]|[1lI][0-2OolI])"
_IN_LETTERS = f"{_DAY_IN_LETTERS}[0-9OolI]{{2}}-[0-9OolI]{{4}}"
#: A spreadsheet takes the number for an amount: the first zero is lost, or an exponent comes.
_LOST_ZERO = f"[1-9]{_MONTH}{_YEAR}[ \t]?-{{1,2}}[ \t]?{_NO_YEAR}"
_MANTISSA = "(?:[12][.,][0-9]|3[.,][01]|6[.,][1-9]|[78][.,][0-9]|9[.,][01])"
_EXPONENT = f"(?:{_MANTISSA}{_MONTH}[0-9]{{5,6}}[eE][+]?0?9|[1-9][.,]{_MONTH}[0-9]{{5,6}}[eE][+]?0?8)"
_SPELLED = (
    f"(?:{_DATE}{_GAP}{_SERIAL}|{_DATE}{_SLASH}{_NO_YEAR}|{_JOINED}{_NEXT_LINE}{_SERIAL}|{_PAIRS}|{_YEAR_FIRST}"
    f"|{_SHORT}|{_SPACED}|{_GROUPED}|{_LOST_ZERO}|{_EXPONENT})"
)
#: A folded text in which a number is written, and nothing longer. The digits of %20 are no part of it.
IN_TEXT = f"(?:^|[^0-9]|%{_BYTE}){_SPELLED}(?:[^0-9]|$)|(?:^|[^0-9A-Za-z]){_IN_LETTERS}(?:[^0-9A-Za-z]|$)"
SHORTEST = 10

#: What surrounds a whole value: a spreadsheet's marks of a text.
WRAPPED = "^[='\"]+|[\"']+$"
#: (pattern, what is written for it), one after the other: the digits of a number that was taken for an amount.
UNDONE = (
    ("^" + _S.join(["([0-9])"] * 10) + "$", r"\1\2\3\4\5\6\7\8\9\g<10>"),
    *((f"^([0-9])[{s}]([0-9]{{3}})[{s}]([0-9]{{3}})[{s}]([0-9]{{3}})(?:[.,]0+)?$", r"\1\2\3\4") for s in ".,' "),
    ("^([0-9]{9,12})[.,]0+$", r"\1"),
    ("^([0-9])[.,](?:([0-9]{9})[eE][+]?0?9|([0-9]{8})[eE][+]?0?8)$", r"\1\2\3"),
)
_ANY_GAP = f"(?:[ \t]{{0,2}}[{_JOINS}/]{{1,3}}[{_ENDS}]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}}|{_NEXT_LINE})?"
_ANY_DAY = f"(?:{_DAY}|[1-9])"
#: A whole folded value that can only be a number, where a person is agreed.
WHOLE = (
    f"(?:{_ANY_DAY}{_MONTH}{_YEAR}|{_ANY_DAY}{_PART}{_MONTH}{_PART}{_YEAR}){_ANY_GAP}[0-9]{{2}}[-./_ \t]?[0-9]{{2}}"
    f"|{_YEAR_FIRST}"
)
WHOLE_CVR = "(?:[Dd][Kk][- .]?)?[1-9](?:[-. /_]{0,2}[0-9]){7}"
#: Digits all alike stand for nobody, of whatever length a number can have.
SHORTEST_ALIKE, LONGEST_ALIKE = 8, 12
#: The signs that are left out where two values are compared as numbers.
SIGNS = " \t-./_"
#: A whole number in a column of numbers, after its thousands were joined.
WHOLE_NUMBER = f"[+]?{CPR}(?:[.,]0+)?"
#: The same where parts of a whole cannot be meant: without its first zero, or with its century.
INTEGER = f"[+]?(?:{CPR}|[1-9]{_MONTH}[0-9]{{6}}|{_DAY}{_MONTH}(?:18|19|20)[0-9]{{6}}|{_YEAR_FIRST})"

#: What stands fifth and sixth in twelve digits with the day first; with the year first a month does.
CENTURIES = ("18", "19", "20")

_NO_SIGNS = str.maketrans("", "", SIGNS)
_FOLD = str.maketrans(FOLDED)
_DIGITS = str.maketrans(LETTERS)
_FIND = re.compile(f"(?:(?<![0-9])|(?<=%{_BYTE})){_SPELLED}(?![0-9])|(?<![0-9A-Za-z]){_IN_LETTERS}(?![0-9A-Za-z])")
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
    found = (match[0] for match in _FIND.finditer(fold(visible(text))))
    digits = (person(number) or person(number.translate(_DIGITS)) for number in found)
    return {number for number in digits if number}


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
    text = re.sub(MARKUP, "-", re.sub(WRAPPED, "", fold(tidy(text))))
    plain = text.replace("-", "").replace(" ", "")
    if _CPR.fullmatch(plain) or (allows_cvr and _CVR.fullmatch(plain)):
        return plain
    if parts := _SHORT_PARTS.fullmatch(text):
        day, month, name, year, serial = parts.groups()
        text = f"{int(day):02}{month.rjust(2, '0') if month else _MONTH_NUMBERS[name[:3].lower()]}{year}{serial}"
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
    """Nine to twelve digits of a number: the lost zero comes back, the century goes, and the day comes first."""
    digits = digits if len(digits) % 2 == 0 else f"0{digits}"
    if len(digits) == 10:
        return digits
    if digits[4:6] in CENTURIES:
        return digits[:4] + digits[6:]
    return digits[6:8] + digits[4:6] + digits[2:4] + digits[8:]
