"""Line ends of a delimited file: gives all records the same kind where a file has several."""

from collections.abc import Iterator
from pathlib import Path

import numpy

from kvalitet.intake.account.csv_scan import MAX_RECORD_BYTES
from kvalitet.intake.account.quotes import CR, LF, Quotes

CHUNK_BYTES = 1 << 22


class LineEnds:
    """Counts the kinds of line end, wherever they stand. `take` gets the file's chunks in order."""

    def __init__(self) -> None:
        self._returns = self._feeds = self._pairs = 0
        self._ends_in_return = False

    def take(self, chunk: bytes) -> None:
        self._feeds += chunk.count(b"\n")
        self._returns += chunk.count(b"\r")
        self._pairs += chunk.count(b"\r\n") + (self._ends_in_return and chunk[:1] == b"\n")
        self._ends_in_return = chunk[-1:] == b"\r"

    @property
    def most(self) -> bytes:
        """The kind that most lines end in, used for a last line that has none. LF where no line has ended."""
        feeds, returns = self._feeds - self._pairs, self._returns - self._pairs
        kinds = {b"\n": feeds, b"\r\n": self._pairs, b"\r": returns}
        return max(kinds, key=lambda kind: kinds[kind])

    @property
    def kinds(self) -> dict[str, int]:
        """How many there are of each kind. Some may stand only within quoted texts."""
        kinds = {"crlf": self._pairs, "lf": self._feeds - self._pairs, "cr": self._returns - self._pairs}
        return {kind: count for kind, count in kinds.items() if count}


def unify(file: Path, delimiter: str, quote: str, target: Path) -> tuple[Path, int]:
    """Give every record the kind of end (LF or CR LF) that most have. CR CR LF is one end.

    Line ends within quotes stay as they are. Returns the file to read, which is `file` itself where all records end
    alike, and how many ended otherwise. A lone CR does not end a record.
    """
    feeds, pairs, tripled = 0, 0, 0
    for _, _, lengths in _records(file, delimiter, quote):
        feeds, pairs, tripled = (
            kind + int((lengths == length).sum()) for length, kind in enumerate((feeds, pairs, tripled), 1)
        )
    if not tripled and not (feeds and pairs):
        return file, 0
    end = b"\n" if feeds > pairs else b"\r\n"
    with target.open("wb") as out:
        for block, ends, lengths in _records(file, delimiter, quote):
            begin = 0
            for feed, length in zip(ends.tolist(), lengths.tolist(), strict=True):
                out.write(block[begin : feed + 1 - length])
                out.write(end)
                begin = feed + 1
            out.write(block[begin:])
    return target, feeds + pairs + tripled - max(feeds, pairs)


def _records(file: Path, delimiter: str, quote: str) -> Iterator[tuple[bytes, numpy.ndarray, numpy.ndarray]]:
    """Blocks of whole records, the last with what remains: (bytes, where each record's LF is, how long its end is).

    A record longer than any may be is passed on as it is, since the scan refuses it.
    """
    quotes = Quotes(delimiter, quote)
    with file.open("rb") as source:
        rest = b""
        while chunk := source.read(CHUNK_BYTES):
            block = rest + chunk
            data = numpy.frombuffer(block, numpy.uint8)
            ends = numpy.flatnonzero(data == LF)
            found = quotes.find(data[: int(ends[-1]) + 1 if len(ends) else 0])
            ends = ends[numpy.searchsorted(found, ends) % 2 == 0]
            size = int(ends[-1]) + 1 if len(ends) else 0
            if len(block) - size > MAX_RECORD_BYTES:
                size = len(block)
            before = (ends >= 1) & (data[ends - 1] == CR)
            twice = before & (ends >= 2) & (data[ends - 2] == CR)
            yield block[:size], ends, 1 + before.astype(numpy.int64) + twice
            rest = block[size:]
        if rest:
            yield rest, numpy.empty(0, numpy.int64), numpy.empty(0, numpy.int64)
