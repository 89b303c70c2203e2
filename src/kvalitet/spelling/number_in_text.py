"""Spellings of an identity number within a text: one pattern for each kind, and all of them together."""

from kvalitet.spelling.number_parts import (
    BYTE,
    DAY,
    GAP,
    JOINS,
    MARKUP,
    MONTH,
    MONTH_NAME,
    NEXT_LINE,
    NO_YEAR,
    PART,
    SERIAL,
    SPACING,
    YEAR,
    YEAR_FIRST,
)  # fmt: skip

_JOINED = f"{DAY}{MONTH}{YEAR}"
_DATE = f"(?:{_JOINED}|{DAY}{PART}{MONTH}{PART}{YEAR})"
_SLASH = "[ \t]{0,2}/[ \t]{0,2}"
#: In pairs, with blanks, or with one separator throughout: 01 01 90 12 34, 010190-12 34, 01.01.90.12.34.
_BLANK_PAIRS = f"(?:{_JOINED}|{DAY}[ \t]{MONTH}[ \t]{YEAR})(?:[ \t]{{1,2}}|[ \t]?-[ \t]?)[0-9]{{2}}[ \t][0-9]{{2}}"
_SIGN_PAIRS = "|".join(f"{DAY}[{s}]{MONTH}[{s}][0-9]{{2}}[{s}][0-9]{{2}}[{s}][0-9]{{2}}" for s in "-./_")
_PAIRS = f"{_BLANK_PAIRS}|{_SIGN_PAIRS}"
#: A day and a month as people write them, without zeros or by name: 1/1-90 1234, 1. januar 1990-1234. With a year of
#: this century only where a separator follows, since 2100 after 1/5-2023 is a town's postcode.
_SHORT_DAY = "(?:0?[1-9]|[12][0-9]|3[01])"
_SHORT_MONTH = f"(?:[ \t]?[-./][ \t]?(?:0?[1-9]|1[0-2])[ \t]?[-./][ \t]?|[.]?[ \t]{{0,2}}{MONTH_NAME}[.]?[ \t,]{{0,2}})"
_SIGN = f"[ \t]{{0,2}}(?:[{JOINS}]|{MARKUP}){{1,3}}[ \t]{{0,2}}"
_SHORT = f"{_SHORT_DAY}{_SHORT_MONTH}(?:{YEAR}{_SIGN}|(?:18|19)?[0-9]{{2}}[ \t]{{1,3}}){SERIAL}"
_FIRST = "(?:0{0}[1-9]|[12]{0}[0-9]|3{0}[01]|6{0}[1-9]|[78]{0}[0-9]|9{0}[01])"
#: Digit by digit, with blanks or a separator between.
_SPACED = _FIRST.format(SPACING) + f"{SPACING}(?:0{SPACING}[1-9]|1{SPACING}[0-2])" + f"{SPACING}[0-9]" * 6
#: Grouped like an amount, with one separator: 1.001.901.234. A round amount ends with 000.
_NOT_ROUND = "(?:[0-9]{2}[1-9]|[0-9][1-9]0|[1-9]00)"
_GROUPED = "|".join(f"{_FIRST.format(f'[{s}]')}{MONTH}[{s}][0-9]{{3}}[{s}]{_NOT_ROUND}" for s in ".,' ")
#: A spreadsheet reads the number as an amount, so that the first zero is lost or an exponent appears.
_LOST_ZERO = f"[1-9]{MONTH}{YEAR}[ \t]?-{{1,2}}[ \t]?{NO_YEAR}"
_MANTISSA = "(?:[12][.,][0-9]|3[.,][01]|6[.,][1-9]|[78][.,][0-9]|9[.,][01])"
_EXPONENT = f"(?:{_MANTISSA}{MONTH}[0-9]{{5,6}}[eE][+]?0?9|[1-9][.,]{MONTH}[0-9]{{5,6}}[eE][+]?0?8)"
SPELLED = (
    f"(?:{_DATE}{GAP}{SERIAL}|{_DATE}{_SLASH}{NO_YEAR}|{_JOINED}{NEXT_LINE}{SERIAL}|{_PAIRS}|{YEAR_FIRST}"
    f"|{_SHORT}|{_SPACED}|{_GROUPED}|{_LOST_ZERO}|{_EXPONENT})"
)
#: With letters for 0 and 1: only with the hyphen, and as a word of its own.
_DAY_IN_LETTERS = "(?:[0Oo][1-9lI]|[12lI][0-9OolI]|3[01OolI])(?:[0Oo][1-9lI]|[1lI][0-2OolI])"
IN_LETTERS = f"{_DAY_IN_LETTERS}[0-9OolI]{{2}}-[0-9OolI]{{4}}"
#: Without its first zero, and grouped or with decimals as no case number is: 101.901.234, 101901234,0. Only as the
#: whole text, where something has changed it in any case. Among words it is an amount.
NINE_SPOILT = (
    "(?:"
    + "|".join(f"[1-9]{MONTH}[{s}][0-9]{{3}}[{s}]{_NOT_ROUND}(?:[.,]0{{1,2}})?" for s in ".,' ")
    + f"|[1-9]{MONTH}[0-9]{{3}}{_NOT_ROUND}[.,]0{{1,2}})"
)
#: Joins the texts of a row where one pattern checks all of them.
SEPARATOR = "\x01"
#: A folded text in which a number is written, and nothing longer. The digits of %20 are not part of it.
IN_TEXT = (
    f"(?:^|[^0-9]|%{BYTE}){SPELLED}(?:[^0-9]|$)|(?:^|[^0-9A-Za-z]){IN_LETTERS}(?:[^0-9A-Za-z]|$)"
    f"|(?:^|{SEPARATOR}){NINE_SPOILT}(?:{SEPARATOR}|$)"
)
#: The same for Python, where each match is only the number.
FIND = (
    f"(?:(?<![0-9])|(?<=%{BYTE})){SPELLED}(?![0-9])|(?<![0-9A-Za-z]){IN_LETTERS}(?![0-9A-Za-z])"
    f"|(?:^|(?<={SEPARATOR})){NINE_SPOILT}(?={SEPARATOR}|\\Z)"
)
