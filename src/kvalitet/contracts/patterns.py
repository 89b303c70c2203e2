"""Date patterns: the standard writes them as Java does (dd-MM-yyyy), DuckDB and Python as strptime."""

import re

#: Java's letters -> (strptime directive, the shape of its text).
LETTERS = {
    "yyyy": ("%Y", r"\d{4}"),
    "MM": ("%m", r"\d{2}"),
    "dd": ("%d", r"\d{2}"),
    "HH": ("%H", r"\d{2}"),
    "hh": ("%I", r"\d{2}"),
    "mm": ("%M", r"\d{2}"),
    "ss": ("%S", r"\d{2}"),
    "a": ("%p", r"[AP]M"),
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
    """A regular expression of the texts that have the pattern's form, possible dates or not."""
    return "".join(
        LETTERS[t["letters"]][1]
        if t["letters"]
        else re.escape(t["literal"] if t["literal"] is not None else t["other"])
        for t in TOKEN.finditer(pattern)
    )
