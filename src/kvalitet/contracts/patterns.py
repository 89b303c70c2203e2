"""Date patterns: the standard writes them as Java does (dd-MM-yyyy), DuckDB and Python as strptime."""

import re

#: Java's letters -> (strptime directive, width of its text).
LETTERS = {
    "yyyy": ("%Y", 4),
    "MM": ("%m", 2),
    "dd": ("%d", 2),
    "HH": ("%H", 2),
    "hh": ("%I", 2),
    "mm": ("%M", 2),
    "ss": ("%S", 2),
    "a": ("%p", 2),
}
TOKEN = re.compile(r"'(?P<literal>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")


def is_supported_pattern(pattern: str | None) -> bool:
    """Whether every letter of the pattern is one that is known here."""
    if not pattern or "yyyy" not in pattern:
        return False
    tokens = list(TOKEN.finditer(pattern))
    return "".join(t.group() for t in tokens) == pattern and all(
        t["letters"] is None or t["letters"] in LETTERS for t in tokens
    )


def to_strptime(pattern: str) -> str:
    """`dd-MM-yyyy` -> `%d-%m-%Y`. The pattern must be a supported one."""
    return "".join(
        LETTERS[t["letters"]][0] if t["letters"] else (t["literal"] if t["literal"] is not None else t["other"])
        for t in TOKEN.finditer(pattern)
    )


def to_shape(pattern: str) -> str:
    """An SQL LIKE pattern of the texts that have the pattern's form: `dd-MM-yyyy` -> `__-__-____`."""
    return "".join(
        "_" * LETTERS[t["letters"]][1] if t["letters"] else (t["literal"] if t["literal"] is not None else t["other"])
        for t in TOKEN.finditer(pattern)
    )
