"""Counts the records of a delimited file from its bytes, with an array scan that is independent of the reader.

A record ends at the first line end outside quotes, see kvalitet.intake.account.quotes.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.account.quotes import CR, LF, Quotes, one_of
from kvalitet.intake.account.scan import BLANK, EMPTY, FILLED, Lookalike, Places

CHUNK_BYTES = 1 << 22
#: Longest record. A quote that is left open swallows everything up to here.
MAX_RECORD_BYTES = 2_097_152
#: Double-encoded UTF-8: Ã before the character that follows it in a Danish or French letter, as windows-1252 shows it.
_TWICE = b"\xc3\x83"
_TWICE_ENCODED = re.compile(_TWICE + rb"(?:\xc2[\x80-\xbf]|\xcb\x9c|\xe2\x80[\xa0\xa6])")
#: So many leading characters of each record are checked as arrays. If all are blank, the record is checked on its own.
LEADING_SIGNS = 4
#: In a table with at least so many columns, lines in a text with one column more or fewer can also be told from prose.
NEAR_COLUMNS = 5


@dataclass
class CsvScan:
    """What a file holds. `records` and `blank` count as in Scan, `empty` counts lines of length zero.

    `within_quotes` counts the lines in a quoted text and `loose_quotes` the quotes that do not follow RFC 4180. The
    first of these is in line `first_loose`. `twice_encoded` counts lines with letters that were encoded twice. `torn`
    lists the places where a text ends in the middle of a field, and where records with more columns than the header
    begin. `openings` are lines that have all columns if the quote is ignored that opens in them and closes in a later
    line.
    """

    places: numpy.ndarray
    records: int
    blank: int
    empty: int
    within_quotes: int
    loose_quotes: int
    first_loose: int
    twice_encoded: int
    torn: numpy.ndarray
    lookalikes: list[Lookalike]
    openings: list[Lookalike]


def scan_csv(file: Path, file_name: str, delimiter: str, quote: str, columns: int, places: Path) -> CsvScan:
    """Count the records of a UTF-8 file whose first record is the header, and write where they lie to `places`.

    Raises DeliveryRefused for a record of more than MAX_RECORD_BYTES, and for a carriage return outside quotes that
    does not end a line. Neither can be read as records.
    """
    scan = _Scanner(file_name, delimiter, quote, columns, Places(places))
    with file.open("rb") as source:
        rest = b""
        while chunk := source.read(CHUNK_BYTES):
            rest = scan.take(rest + chunk)
    if rest:
        scan.take(rest if rest.endswith(b"\n") else rest + b"\n", is_last=True)
    counts = scan.places.counts
    return CsvScan(
        scan.places.read(), counts[FILLED], counts[BLANK], counts[EMPTY],
        scan.within_quotes, scan.loose_quotes, scan.first_loose, scan.twice_encoded,
        numpy.array(scan.torn, numpy.uint64), scan.lookalikes, scan.openings,
    )  # fmt: skip


class _Scanner:
    def __init__(self, file_name: str, delimiter: str, quote: str, columns: int, places: Places) -> None:
        self.file_name = file_name
        self.delimiter, self.quote, self.columns = delimiter, quote, columns
        self.places = places
        self.offset, self.line, self.is_header = 0, 1, True
        self.within_quotes = self.loose_quotes = self.first_loose = self.twice_encoded = 0
        self.torn: list[int] = []
        self.lookalikes: list[Lookalike] = []
        self.openings: list[Lookalike] = []
        self._fewest = columns - 1 if columns >= NEAR_COLUMNS else columns
        self._quotes = Quotes(delimiter, quote)
        self._blanks = (" \t\r\n" + delimiter + quote).encode()
        self._is_blank = one_of(self._blanks)

    def take(self, block: bytes, is_last: bool = False) -> bytes:
        """Count the records that end in `block`, which begins with a record. Returns the unfinished rest."""
        data = numpy.frombuffer(block, numpy.uint8)
        feeds = numpy.flatnonzero(data == LF)
        quotes = self._quotes.find(data[: int(feeds[-1]) + 1 if len(feeds) else 0])
        is_within = numpy.searchsorted(quotes, feeds) % 2 == 1
        ends = numpy.flatnonzero(~is_within)
        if is_last and (not len(ends) or ends[-1] != len(feeds) - 1):  # a quote is open up to the end
            self._quotes.torn.append(int(quotes[-1]))
            ends = numpy.append(ends, len(feeds) - 1)
        size = int(feeds[ends[-1]]) + 1 if len(ends) else 0
        if len(block) - size > MAX_RECORD_BYTES:
            self._refuse_long(self.line + (int(ends[-1]) + 1 if size else 0))
        if size:
            self.torn += [self.offset + place for place in self._quotes.torn if place < size]
            loose = [place for place in (*self._quotes.loose, *self._quotes.torn) if place < size]
            if loose and not self.loose_quotes:
                self.first_loose = self.line + block.count(b"\n", 0, min(loose))
            self.loose_quotes += len(loose)
            self._refuse_lone_returns(block[:size], data[:size], quotes)
            self._count(block, data, feeds, ends, quotes)
            if _TWICE in block:
                places = [found.start() for found in _TWICE_ENCODED.finditer(block, 0, size)]
                self.twice_encoded += len(numpy.unique(numpy.searchsorted(feeds, places)))
            inner = numpy.flatnonzero(is_within[: ends[-1]])
            if len(inner):
                self._look_within(block, data, feeds, inner, quotes)
                self._look_at_openings(block, data, feeds, inner[~is_within[inner - 1] | (inner == 0)], quotes)
            self.offset += size
            self.line += int(ends[-1]) + 1
        return block[size:]

    def _count(
        self, block: bytes, data: numpy.ndarray, feeds: numpy.ndarray, ends: numpy.ndarray, quotes: numpy.ndarray
    ) -> None:
        stops = feeds[ends]
        starts = numpy.concatenate(([0], stops[:-1] + 1))
        lines = self.line + numpy.concatenate(([0], ends[:-1] + 1))
        kinds = numpy.zeros(len(starts), numpy.uint8)
        length = stops - starts
        if length.max() > MAX_RECORD_BYTES:
            self._refuse_long(int(lines[length.argmax()]))
        kinds[(length == 0) | ((length == 1) & (data[starts] == CR))] = EMPTY
        doubtful = numpy.flatnonzero(kinds == FILLED)
        for sign in range(LEADING_SIGNS):
            doubtful = doubtful[self._is_blank[data[numpy.minimum(starts[doubtful] + sign, stops[doubtful])]]]
        for record in doubtful.tolist():
            if not block[starts[record] : stops[record]].translate(None, self._blanks):
                kinds[record] = BLANK
        first = 0
        if self.is_header:
            self.is_header, first = False, 1
        filled = first + numpy.flatnonzero(kinds[first:] == FILLED)
        longer = self._longer(block, data, starts[filled], stops[filled], quotes)
        self.torn += (starts[filled[longer]] + self.offset).tolist()
        self.places.add(starts[first:] + self.offset, lines[first:], kinds[first:])

    def _longer(
        self, block: bytes, data: numpy.ndarray, starts: numpy.ndarray, stops: numpy.ndarray, quotes: numpy.ndarray
    ) -> numpy.ndarray:
        """Which records have empty columns after the last agreed one. A reader would drop those columns."""
        stops = stops - (data[stops - 1] == CR)
        last = data[stops - 1]
        is_quoted = (last == self._quotes.mark) & (data[stops - 2] == self._quotes.mark)
        last = numpy.where(is_quoted, data[stops - 3], last)
        doubtful = numpy.flatnonzero(last == self.delimiter.encode()[-1])
        if not len(doubtful) or not self.columns:
            return doubtful[:0]
        delimiters = _places(block, data, self.delimiter.encode())
        delimiters = delimiters[numpy.searchsorted(quotes, delimiters) % 2 == 0]
        before, after = (numpy.searchsorted(delimiters, places[doubtful]) for places in (starts, stops))
        return doubtful[after - before >= self.columns]

    def _refuse_long(self, line: int) -> None:
        raise DeliveryRefused(
            f"{self.file_name}: the record that begins in line {line} has more than {MAX_RECORD_BYTES} bytes;"
            " a quote is left open there, or the file has no line ends.",
            "Ask for the file with every quote closed, and with line ends.",
        )

    def _refuse_lone_returns(self, block: bytes, data: numpy.ndarray, quotes: numpy.ndarray) -> None:
        if block.count(b"\r") == block.count(b"\r\n"):
            return
        returns = numpy.flatnonzero(data == CR)
        alone = returns[data[numpy.minimum(returns + 1, len(data) - 1)] != LF]
        outside = alone[numpy.searchsorted(quotes, alone) % 2 == 0]
        if len(outside):
            line = self.line + block[: int(outside[0])].count(b"\n")
            raise DeliveryRefused(
                f"{self.file_name}: line {line} holds a carriage return outside quotes that ends no line.",
                "Ask for lines that end in LF or CR LF, and for texts with line breaks in quotes.",
            )

    def _look_within(
        self, block: bytes, data: numpy.ndarray, feeds: numpy.ndarray, inner: numpy.ndarray, quotes: numpy.ndarray
    ) -> None:
        """Look at the lines that begin in a quoted text, to find records that it swallowed.

        These are lines with all columns, or with one more or fewer.
        """
        self.within_quotes += len(inner)
        if not self.columns:
            return
        delimiters = _places(block, data, self.delimiter.encode())
        starts, stops = feeds[inner] + 1, feeds[inner + 1]
        first = numpy.searchsorted(delimiters, starts)
        has_enough = numpy.searchsorted(delimiters, stops) - first >= self._fewest - 1
        for place in numpy.flatnonzero(has_enough).tolist():
            start, stop = int(starts[place]), int(stops[place])
            closing = int(numpy.searchsorted(quotes, start))
            while closing + 1 < len(quotes) and quotes[closing + 1] == quotes[closing] + 1:
                closing += 2  # a doubled quote is a character of the text
            end = int(quotes[closing]) if closing < len(quotes) else stop
            if end < stop and self._quotes.closes[data[end + 1]]:  # the text ends, the rest is the record around it
                has_columns = int(numpy.searchsorted(delimiters, end)) - first[place] >= self._fewest - 1
                if self.columns == 1 or not has_columns:
                    continue
                stop = end
            values = self._values(block[start:stop])
            if len(values) == self.columns or self._is_near(values):
                line = self.line + int(inner[place]) + 1
                self.lookalikes.append(Lookalike(self.offset + start, line, tuple(values)))

    def _look_at_openings(
        self, block: bytes, data: numpy.ndarray, feeds: numpy.ndarray, opening: numpy.ndarray, quotes: numpy.ndarray
    ) -> None:
        """Look at the lines in which a text begins that runs on into the next line.

        A stray quote makes one record of two. Its line then has all columns, the later ones within the text. A line
        whose text is in the last column is none of these.
        """
        if not self.columns or not len(opening):
            return
        delimiters = _places(block, data, self.delimiter.encode())
        starts = numpy.where(opening > 0, feeds[opening - 1] + 1, 0)
        opens = quotes[numpy.searchsorted(quotes, feeds[opening]) - 1]
        first, opened, last = (numpy.searchsorted(delimiters, places) for places in (starts, opens, feeds[opening]))
        is_one = (last - first == self.columns - 1) & (last > opened)
        for place in numpy.flatnonzero(is_one).tolist():
            start, stop = int(starts[place]), int(feeds[opening[place]])
            text = block[start:stop].decode(errors="replace").rstrip("\r")
            values = tuple(value.strip(self._quotes.sign) for value in text.split(self.delimiter))
            line = self.line + int(opening[place])
            self.openings.append(Lookalike(self.offset + start, line, values, int(opened[place] - first[place])))

    def _is_near(self, values: list[str]) -> bool:
        """Whether they may be the values of a record with one column more or fewer. Prose has blanks after commas."""
        if self.columns < NEAR_COLUMNS or abs(len(values) - self.columns) != 1:
            return False
        filled = [value for value in values if value.strip(self._blanks.decode())]
        return len(filled) > 1 and sum(value.startswith(" ") for value in filled) <= len(filled) / 2

    def _values(self, line: bytes) -> list[str]:
        """The columns of a line in a quoted text, or none where it holds only blanks."""
        if not line.translate(None, self._blanks):
            return []
        text, twice = line.decode(errors="replace").rstrip("\r"), 2 * self.quote
        if self.quote not in text.replace(twice, ""):  # they are doubled as characters of the text around
            text = text.replace(twice, self.quote)
        return next(csv.reader([text], delimiter=self.delimiter, quotechar=self.quote), [])


def _places(block: bytes, data: numpy.ndarray, sign: bytes) -> numpy.ndarray:
    if len(sign) == 1:
        return numpy.flatnonzero(data == sign[0])
    return numpy.array([found.start() for found in re.finditer(re.escape(sign), block)], numpy.int64)
