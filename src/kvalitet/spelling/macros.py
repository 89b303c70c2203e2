"""This package's reading of texts and identity numbers in a DuckDB session.

What every row needs is a macro. What few rows need calls this package's Python code, because a pattern slows every
query that holds it, even for rows that do not need it.
"""

from collections.abc import Callable

import duckdb
import pyarrow

from kvalitet.spelling import identity, number_in_text
from kvalitet.spelling.signs import BLANKS, FOLDED, INVISIBLE, MARKED, OUTER
from kvalitet.spelling.text import UNUSUAL


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def define(session: duckdb.DuckDBPyConnection) -> None:
    """Define macros and functions. Each takes a text, and null stays null.

    - `tidied`: what the text is read as, in the steps `unescaped`, `seen` and `spaced`
    - `folded`: a tidied text with ASCII characters in place of lookalikes, and without marks on them (`unmarked`)
    - `may_hold_number`: whether an identity number is written in a folded text, or in one of several put together with
      SEPARATOR. The functions below cost more
    - `holds_number`: the same for one tidied text
    - `masked`: the text with `[cpr]` for each number
    - `person_of`: the ten digits that a tidied text is, null where it is no number
    - `person_or_company_of`: the same, or a company's eight digits
    - `only_digits`: a text without a number's separators, for comparing two
    - `stands_for_nobody`: whether such a text is one repeated digit
    - `readings`: which steps of `tidied` change a text, as `name:rule;…`
    """
    for macro in _MACROS:
        session.execute(f"create macro {macro}")
    for name, (function, result) in _FUNCTIONS.items():
        session.create_function(
            name,
            _of_each(function, result),
            ["VARCHAR"],
            _DUCKDB[result],
            type="arrow",  # type: ignore[arg-type]
            null_handling="special",  # type: ignore[arg-type]
        )


def _of_each(function: Callable[[str], object], result: pyarrow.DataType) -> Callable[[pyarrow.Array], pyarrow.Array]:
    return lambda texts: pyarrow.array([None if text is None else function(text) for text in texts.to_pylist()], result)


def _chars(signs: str) -> str:
    return quote(signs)


_ESCAPES = (
    ("_x000[Dd]_(\\n|_x000[Aa]_)", "chr(10)"),
    ("_x000[AaDd]_", "chr(10)"),
    ("_x0009_", "chr(9)"),
)


def _unescaped() -> str:
    # An escaped underscore is set apart first, since what it begins is not an escape.
    sql = "regexp_replace(value, '_x005[Ff]_', chr(1114109), 'g')"
    for pattern, written in _ESCAPES:
        sql = f"regexp_replace({sql}, {quote(pattern)}, {written}, 'g')"
    return f"replace({sql}, chr(1114109), '_')"


_FROM, _TO = "".join(FOLDED), "".join(FOLDED.values())

_MACROS = (
    f"unescaped(value) as case when contains(value, '_x') then {_unescaped()} else value end",
    f"is_unusual(value) as regexp_matches(value, {quote(UNUSUAL.pattern)})",
    f"seen(value) as case when is_unusual(value) then translate(value, {_chars(INVISIBLE)}, '') else value end",
    f"spaced(value) as translate(value, {_chars(BLANKS)}, {quote(' ' * len(BLANKS))})",
    f"tidied(value) as trim(nfc_normalize(spaced(seen(unescaped(value)))), {_chars(OUTER)})",
    f"unmarked(value) as regexp_replace(value, {quote(MARKED)}, '\\1', 'g')",
    "folded(value) as case when strlen(value) = length(value) and not contains(value, chr(30)) then value"
    f" when is_unusual(value) then translate(unmarked(value), {_chars(_FROM)}, {_chars(_TO)}) else value end",
    f"may_hold_number(value) as regexp_matches(value, {quote(number_in_text.IN_TEXT)})",
    f"only_digits(value) as translate(folded(value), {_chars(identity.SIGNS)}, '')",
    f"stands_for_nobody(value) as length(value) between {identity.SHORTEST_ALIKE} and {identity.LONGEST_ALIKE}"
    " and left(value, 1) between '0' and '9' and replace(value, left(value, 1), '') = ''",
    "readings(value, name) as concat_ws(';',"
    " case when unescaped(value) <> value then name || ':escape' end,"
    " case when seen(unescaped(value)) <> unescaped(value) then name || ':invisible' end,"
    " case when spaced(value) <> value then name || ':blank' end,"
    " case when nfc_normalize(spaced(seen(value))) <> spaced(seen(value)) then name || ':composed' end,"
    f" case when trim(spaced(seen(value)), {_chars(OUTER)}) <> spaced(seen(value)) then name || ':outer_blank' end)",
)

_FUNCTIONS: dict[str, tuple[Callable[[str], object], pyarrow.DataType]] = {
    "holds_number": (identity.holds_number, pyarrow.bool_()),
    "masked": (identity.mask, pyarrow.string()),
    "person_of": (identity.person, pyarrow.string()),
    "person_or_company_of": (lambda text: identity.person(text, allows_cvr=True), pyarrow.string()),
}
_DUCKDB = {pyarrow.bool_(): "BOOLEAN", pyarrow.string(): "VARCHAR"}

#: SQL of the character that joins a row's texts where one pattern checks all of them.
SEPARATOR = f"chr({ord(number_in_text.SEPARATOR)})"


def odd_row(words: tuple[str, ...]) -> str:
    """A pattern over a row's texts, joined with SEPARATOR, that finds the rows to look at more closely, and few others.

    These are rows in which `tidied` changes a text, or a text may be a word for nothing.
    """
    control = "\\x02-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f"
    outer = f"[ \\t\\r\\n{control}]"
    return "|".join(
        (
            f"[^\\x01-\\x7fÀ-ÿ]|[{control}]|_x00",
            f"(?:^|\\x01){outer}|{outer}(?:\\x01|$)",
            *([f"(?:^|\\x01){any_of(words)}(?:\\x01|$)"] if words else []),
        )
    )


def any_of(words: tuple[str, ...]) -> str:
    """A pattern of these words, without regard to case."""
    return f"(?i:{'|'.join(_escaped(word) for word in sorted(set(words)))})"


def _escaped(word: str) -> str:
    """The word as a pattern, in RE2's syntax."""
    return "".join(
        letter if letter.isalnum() else f"[{letter}]" if letter not in "\\]^" else f"\\{letter}" for letter in word
    )
