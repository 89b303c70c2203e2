"""A row's key as one text, alike in DuckDB and Postgres."""

from collections.abc import Sequence


def row_key(values: Sequence[str]) -> str:
    """The SQL of the key's values (text expressions) joined by `|`.

    With several values, `|` and the backslash within one are escaped: `a|b` and `c` is another key than `a` and `b|c`.
    """
    if len(values) == 1:
        return values[0]
    bar, slash = "chr(124)", "chr(92)"
    escaped = [f"replace(replace({value}, {slash}, {slash} || {slash}), {bar}, {slash} || {bar})" for value in values]
    return f" || {bar} || ".join(escaped)
