"""The room's reading of texts and identity numbers as macros of a DuckDB session."""

import duckdb

from kvalitet.spelling import identity
from kvalitet.spelling.signs import BLANKS, FOLDED, INVISIBLE, OUTER


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def define(session: duckdb.DuckDBPyConnection) -> None:
    """Define the macros. Each takes a text; null stays null.

    - `tidied`: what the text is read as; `unescaped`, `seen` and `spaced` are its steps
    - `holds_number`: whether an identity number is written in a tidied text
    - `person_of`: the ten digits that a tidied text is; null where it is no number
    - `company_of`: the same of a company's eight digits
    - `only_digits`: a text without the signs of a number, for comparing two
    - `stands_for_nobody`: whether such a text is one digit all through
    - `readings`: which steps of `tidied` change a text, as `name:rule;…`
    """
    for macro in _MACROS:
        session.execute(f"create macro {macro}")


def _chars(signs: str) -> str:
    return quote(signs)


_ESCAPES = (
    ("_x000[Dd]_(\\n|_x000[Aa]_)", "chr(10)"),
    ("_x000[AaDd]_", "chr(10)"),
    ("_x0009_", "chr(9)"),
)


def _unescaped() -> str:
    # An escaped underscore is set apart first: what it begins is no escape.
    sql = "regexp_replace(value, '_x005[Ff]_', chr(1114109), 'g')"
    for pattern, written in _ESCAPES:
        sql = f"regexp_replace({sql}, {quote(pattern)}, {written}, 'g')"
    return f"replace({sql}, chr(1114109), '_')"


def _undone(sql: str) -> str:
    for pattern, written in identity.UNDONE:
        sql = f"regexp_replace({sql}, {quote(pattern)}, {quote(written)})"
    return sql


_FROM, _TO = "".join(FOLDED), "".join(FOLDED.values())
_UNWRAPPED = f"regexp_replace(folded(value), {quote(identity.WRAPPED)}, '', 'g')"
_UNWRAPPED = f"regexp_replace({_UNWRAPPED}, {quote(identity.MARKUP)}, '-', 'g')"
_CENTURIES = ", ".join(map(quote, identity.CENTURIES))

_MACROS = (
    f"unescaped(value) as case when contains(value, '_x') then {_unescaped()} else value end",
    f"seen(value) as translate(value, {_chars(INVISIBLE)}, '')",
    f"spaced(value) as translate(value, {_chars(BLANKS)}, {quote(' ' * len(BLANKS))})",
    f"tidied(value) as trim(nfc_normalize(spaced(seen(unescaped(value)))), {_chars(OUTER)})",
    "folded(value) as case when strlen(value) = length(value) and not contains(value, chr(30)) then value"
    f" else translate(value, {_chars(_FROM)}, {_chars(_TO)}) end",
    f"holds_number(value) as length(value) >= {identity.SHORTEST}"
    f" and regexp_matches(folded(value), {quote(identity.IN_TEXT)})",
    f"unwrapped(value) as {_UNWRAPPED}",
    f"undone(value) as {_undone('unwrapped(value)')}",
    "digits_of(value) as regexp_replace(value, '[^0-9]', '', 'g')",
    "with_zero(value) as case when length(value) % 2 = 0 then value else '0' || value end",
    "without_century(value) as case when length(value) = 10 then value"
    f" when substr(value, 5, 2) in ({_CENTURIES}) then left(value, 4) || substr(value, 7)"
    " else substr(value, 7, 2) || substr(value, 5, 2) || substr(value, 3, 2) || substr(value, 9) end",
    "joined(value) as replace(replace(unwrapped(value), '-', ''), ' ', '')",
    f"person_of(value) as case when regexp_full_match(joined(value), {quote(identity.CPR)}) then joined(value)"
    f" when regexp_full_match(undone(value), {quote(identity.WHOLE)})"
    " then without_century(with_zero(digits_of(undone(value)))) end",
    f"company_of(value) as case when regexp_full_match(joined(value), {quote(identity.CVR)}) then joined(value)"
    f" when regexp_full_match(undone(value), {quote(identity.WHOLE_CVR)}) then digits_of(undone(value)) end",
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

#: A row's texts, put together with SEPARATOR, of which `tidied` changes one, or one may be a word for nothing.
SEPARATOR = "chr(1)"


def odd_row(words: tuple[str, ...]) -> str:
    """A pattern over the row's texts: every row that must be looked at more closely, and few others."""
    control = "\\x02-\\x08\\x0b\\x0c\\x0e-\\x1f"
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
    """The word as a pattern, in syntax that RE2 takes."""
    return "".join(
        letter if letter.isalnum() else f"[{letter}]" if letter not in "\\]^" else f"\\{letter}" for letter in word
    )
