"""Line ends of a delimited file: gives all records the same kind where a file has several."""

from pathlib import Path

import numpy

CHUNK_BYTES = 1 << 22
CR, LF = 13, 10


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


def unify(file: Path, quote: str, target: Path) -> tuple[Path, int]:
    """Give every record the kind of end (LF or CR LF) that most have. CR CR LF is one end.

    Line ends within quotes stay as they are. Returns the file to read, which is `file` itself where all records end
    alike, and how many ended otherwise. A lone CR does not end a record.
    """
    kinds = _count(file, quote)
    if sum(count > 0 for count in kinds) < 2 and not kinds[2]:
        return file, 0
    feeds, pairs, _ = kinds
    end = b"\n" if feeds > pairs else b"\r\n"
    with file.open("rb") as source, target.open("wb") as out:
        parity, rest = 0, b""
        while chunk := source.read(CHUNK_BYTES):
            chunk, rest = _whole(rest + chunk)
            parity = _rewrite(chunk, quote, parity, end, out)
        _rewrite(rest, quote, parity, end, out)
    return target, sum(kinds) - (feeds if end == b"\n" else pairs)


def _whole(chunk: bytes) -> tuple[bytes, bytes]:
    """Split the chunk where no line end is cut in two. Returns both parts."""
    cut = len(chunk.rstrip(b"\r"))
    return chunk[:cut], chunk[cut:]


def _count(file: Path, quote: str) -> list[int]:
    """How many records end in LF, CR LF and CR CR LF."""
    kinds, parity, rest = [0, 0, 0], 0, b""
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            chunk, rest = _whole(rest + chunk)
            _, lengths, parity = _ends(chunk, quote, parity)
            for length in (1, 2, 3):
                kinds[length - 1] += int((lengths == length).sum())
    return kinds


def _ends(chunk: bytes, quote: str, parity: int) -> tuple[numpy.ndarray, numpy.ndarray, int]:
    """Where each record's LF stands, how many bytes its end has, and whether a quote is open after the chunk."""
    data = numpy.frombuffer(chunk, numpy.uint8)
    feeds = numpy.flatnonzero(data == LF)
    quotes = numpy.flatnonzero(data == ord(quote)) if quote else numpy.empty(0, numpy.int64)
    is_outside = (numpy.searchsorted(quotes, feeds) + parity) % 2 == 0
    feeds = feeds[is_outside]
    before = (feeds >= 1) & (data[feeds - 1] == CR)
    twice = before & (feeds >= 2) & (data[feeds - 2] == CR)
    return feeds, 1 + before.astype(numpy.int64) + twice, (parity + len(quotes)) % 2


def _rewrite(chunk: bytes, quote: str, parity: int, end: bytes, out) -> int:
    feeds, lengths, parity = _ends(chunk, quote, parity)
    begin = 0
    for feed, length in zip(feeds.tolist(), lengths.tolist(), strict=True):
        out.write(chunk[begin : feed + 1 - length])
        out.write(end)
        begin = feed + 1
    out.write(chunk[begin:])
    return parity
