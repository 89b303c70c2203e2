"""Changes delivered files as a sender may get them wrong. Rows in, rows out, in the contract's format."""

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from kvalitet.contracts import Contract
from kvalitet.errors import KvalitetError

Row = dict[str, str]
#: (the row, the column, the value of the mutation, the row's number) -> the rows in its place
Change = Callable[[Row, str, str, int], list[Row]]
YEAR_IN_DATE = re.compile(r"\b(20\d\d)\b")
DECIMAL = re.compile(r"^-?\d+(,\d+)?$")


def _drop(row: Row, column: str, value: str, number: int) -> list[Row]:
    return []


def _double(row: Row, column: str, value: str, number: int) -> list[Row]:
    """The same case once more under its own number: registered twice, or exported from two systems."""
    year, dash, _ = row[column].partition("-")
    return [row, row | {column: f"{year}{dash}9{number:06d}"}]


def _replace(row: Row, column: str, value: str, number: int) -> list[Row]:
    return [row | {column: value}]


def _scale(row: Row, column: str, value: str, number: int) -> list[Row]:
    """Another unit: thousands for kroner, minutes for hours."""
    written = row[column]
    if not DECIMAL.match(written):
        return [row]
    scaled = float(written.replace(",", ".")) * float(value)
    return [row | {column: f"{scaled:.2f}".replace(".", ",")}]


def _negate(row: Row, column: str, value: str, number: int) -> list[Row]:
    return [row | {column: "-" + row[column]}] if DECIMAL.match(row[column]) else [row]


def _mirror(row: Row, column: str, value: str, number: int) -> list[Row]:
    """An answer on the scale from 1 to `value`, read from the other end of the scale."""
    return [row | {column: str(int(value) + 1 - int(row[column]))}] if row[column].isdecimal() else [row]


def _add_years(row: Row, column: str, value: str, number: int) -> list[Row]:
    """Every date of the named columns that many years later. A 29 February becomes the 28th."""
    changed = dict(row)
    for name in column.split(", "):
        later = YEAR_IN_DATE.sub(lambda found: str(int(found[1]) + int(value)), row[name], count=1)
        changed[name] = later.replace("-02-29", "-02-28")
    return [changed]


def _swap(row: Row, column: str, value: str, number: int) -> list[Row]:
    return [row | {column: row[value], value: row[column]}]


#: The changes by the name that mutations.yaml uses.
CHANGES: dict[str, Change] = {
    "drop": _drop,
    "double": _double,
    "replace": _replace,
    "scale": _scale,
    "negate": _negate,
    "mirror": _mirror,
    "add_years": _add_years,
    "swap": _swap,
}


def change_file(
    file: Path, contract: Contract, change: str, column: str, value: str, where: Row, share: float
) -> tuple[int, int]:
    """Rewrite a delivered CSV with `share` of its rows changed (at least one), spread over the file.

    Only rows that have the values of `where` can be changed. Returns how many rows were changed, of how many.
    """
    with file.open(encoding=contract.encoding, newline="") as lines:
        reader = csv.DictReader(
            StringIO(lines.read(), newline=""), delimiter=contract.delimiter, quotechar=contract.quote
        )
        rows, header = list(reader), reader.fieldnames or []
    open_to_it = [
        number for number, row in enumerate(rows) if all(row[name] == wanted for name, wanted in where.items())
    ]
    if not open_to_it:
        raise KvalitetError(f"{file.name} has no row that the mutation could change.", "Mend it in mutations.yaml.")
    wanted = max(1, round(share * len(open_to_it)))
    chosen = {open_to_it[place * len(open_to_it) // wanted] for place in range(wanted)}
    with file.open("w", encoding=contract.encoding, newline="") as out:
        writer = csv.DictWriter(
            out, header, delimiter=contract.delimiter, quotechar=contract.quote, lineterminator="\r\n"
        )
        writer.writeheader()
        for number, row in enumerate(rows):
            writer.writerows(CHANGES[change](row, column, value, number) if number in chosen else [row])
    return len(chosen), len(open_to_it)
