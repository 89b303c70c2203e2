"""A second implementation of the canonical form, written from docs/canonical-form.md alone, in pure Python.

It shares no code with ours. It reads values as text, in the format of Postgres' COPY, and never as typed batches.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(text: str) -> str:
    return "".join(ESCAPES.get(sign, sign) for sign in text)


def written(kind: str, text: str | None) -> str:
    """A value in the document's form, from the text that Postgres shows in ISO style."""
    if text is None:
        return "\\N"
    if kind == "boolean":
        return {"t": "true", "f": "false"}[text]
    if kind == "integer":
        return str(int(text))
    if kind.startswith("decimal"):
        scale = int(kind[len("decimal(") : -1])
        sign, digits, exponent = Decimal(text).as_tuple()
        assert isinstance(exponent, int) and -exponent <= scale, "more decimals than the column declares"
        shifted = "".join(map(str, digits)) + "0" * (scale + exponent)
        shifted = shifted.lstrip("0").rjust(scale + 1, "0")
        whole, rest = (shifted[:-scale], "." + shifted[-scale:]) if scale else (shifted, "")
        return ("-" if sign and set(shifted) != {"0"} else "") + whole + rest
    if kind == "date":
        year, month, day = text.split("-")
        return f"{int(year):04}-{int(month):02}-{int(day):02}"
    if kind == "instant":
        instant = datetime.fromisoformat(text).astimezone(UTC)
        return f"{instant.year:04}-{instant:%m-%dT%H:%M:%S}.{instant.microsecond:06}Z"
    assert kind == "text"
    return escaped(text)


def digest(columns: dict[str, str], rows: Iterable[Mapping[str, str | None]]) -> tuple[int, str]:
    """The number of rows and the SHA-256. Each column's kind and each row's values are given by the columns' names."""
    names = sorted(columns, key=lambda name: name.encode("utf-8"))

    def lines() -> Iterator[str]:
        for row in rows:
            line = "\t".join(written(columns[name], row[name]) for name in names)
            yield hashlib.sha256(line.encode("utf-8")).hexdigest()

    sums = sorted(lines())
    head = "\t".join(f"{escaped(name)}:{columns[name]}" for name in names)
    whole = "".join(f"{line}\n" for line in ["kvalitet canonical form 2", head, *sums])
    return len(sums), hashlib.sha256(whole.encode("utf-8")).hexdigest()
