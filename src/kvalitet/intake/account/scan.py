"""Counts from the scan of a delivered table, whatever its format, and the place of each record."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy

#: What a record holds: a value, only blanks and delimiters, or only its line end.
FILLED, BLANK, EMPTY = 0, 1, 2


@dataclass(frozen=True)
class Scan:
    """The records of one delivered table, counted before a parser reads it.

    `records` counts those that hold a value, without the header. `blank` counts those with only blanks and delimiters.
    `notes` counts other findings by a stable code.
    """

    records: int
    blank: int
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookalike:
    """A line within a quoted text with as many columns as a record, or one more or fewer.

    `start` is where it begins, `line` its line number. A line in which such a text begins has the number of the column
    in `opens`.
    """

    start: int
    line: int
    values: tuple[str, ...]
    opens: int | None = None


class Places:
    """Where each record of a delimited file begins (byte, line) and what it holds, kept in a file beside it.

    A file of a hundred million records would not fit into memory.
    """

    _RECORD = numpy.dtype([("start", "u8"), ("line", "u4"), ("kind", "u1")])

    def __init__(self, file: Path) -> None:
        self._file = file
        self._out = file.open("wb")
        self.counts = [0, 0, 0]

    def add(self, starts: numpy.ndarray, lines: numpy.ndarray, kinds: numpy.ndarray) -> None:
        """Add records in the order of the file."""
        records = numpy.empty(len(starts), self._RECORD)
        records["start"], records["line"], records["kind"] = starts, lines, kinds
        records.tofile(self._out)
        for kind, count in enumerate(numpy.bincount(kinds, minlength=3)):
            self.counts[kind] += int(count)

    def read(self) -> numpy.ndarray:
        """All records, each with `start`, `line` and `kind`."""
        self._out.close()
        if not sum(self.counts):
            return numpy.empty(0, self._RECORD)
        return numpy.memmap(self._file, self._RECORD, "r")
