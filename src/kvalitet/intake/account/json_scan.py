"""Counts the rows of an answer in JSON by its brackets, without a JSON parser."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.account.scan import Scan

CHUNK_BYTES = 1 << 22
#: Most bytes before the first row, between two rows and after the last one.
MAX_WITHOUT_ROW = 1 << 26
#: A list's name is looked for at most so many bytes back.
KEY_BYTES = 100
OPENS = b"[{"
_KEY = re.compile(rb'"([^"]*)"\s*:\s*$')
#: Characters that a row without any value may be written with.
_NOTHING = b'[]", \t\r\n\\nultr'
BLANKS = ' \t\r\n,"'


def scan_json(file: Path, file_name: str) -> Scan:
    """Count the rows of `Data` in the one answer that a UTF-8 file holds.

    Raises DeliveryRefused where the file does not hold exactly one answer, does not end where the answer ends, or
    breaks off.
    """
    scan = _Scanner(file_name)
    with file.open("rb") as source:
        rest = b""
        while chunk := source.read(CHUNK_BYTES):
            rest = scan.take(rest + chunk)
    scan.take(rest, is_last=True)
    scan.check_end()
    return Scan(scan.rows - scan.blank, scan.blank)


@dataclass
class _Brackets:
    """Brackets outside texts: where they stand, what they are and how many are open before each."""

    places: numpy.ndarray
    signs: numpy.ndarray
    before: numpy.ndarray

    def where(self, sign: bytes, before: int) -> numpy.ndarray:
        return self.places[(self.signs == sign[0]) & (self.before == before)]


class _Scanner:
    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.depth = self.rows = self.blank = self.answers = 0
        self.top: int | None = None  # how many brackets are open around the answer: one where it is in a list
        self.is_data = False
        self.tail = b""

    def take(self, block: bytes, is_last: bool = False) -> bytes:
        """Count the rows that end in `block`, which begins outside texts. Returns what comes after the last of them."""
        # Only texts hold backslashes. An escaped quote ends no text, and which character is escaped does not matter.
        plain = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        data = numpy.frombuffer(plain, numpy.uint8)
        brackets = self._brackets(data)
        if self.top is None and len(brackets.places):
            self.top = int(brackets.signs[0] == ord("["))
        top = self.top or 0
        closed = brackets.where(b"]", top + 3)
        if not is_last and not len(closed):
            if len(block) > MAX_WITHOUT_ROW:
                self._refuse("it goes on for too long without a row")
            return block
        size = len(block) if is_last else int(closed[-1]) + 1
        is_taken = brackets.places < size
        taken = _Brackets(brackets.places[is_taken], brackets.signs[is_taken], brackets.before[is_taken])
        self._count(block, plain, taken, top)
        if len(taken.places):
            last = taken.signs[-1] in OPENS
            self.depth = int(taken.before[-1]) + (1 if last else -1)
        self.tail = (self.tail + block[:size])[-KEY_BYTES:]
        return block[size:]

    def check_end(self) -> None:
        """Raises DeliveryRefused where what was taken is not one whole answer."""
        if not self.answers:
            self._refuse("it is not JSON of that form")
        if self.answers > 1:
            self._refuse(f"it holds {self.answers} answers, one is agreed")
        if self.depth:
            self._refuse("it breaks off")
        if self.tail.rstrip()[-1:] not in (b"]", b"}"):
            self._refuse("something follows its end")

    def _brackets(self, data: numpy.ndarray) -> _Brackets:
        quotes = numpy.flatnonzero(data == ord('"'))
        # [ \ ] and { | } differ in one bit only.
        folded = data & 0xDF
        places = numpy.flatnonzero((folded == ord("[")) | (folded == ord("]")))
        places = places[numpy.searchsorted(quotes, places) % 2 == 0]
        signs = data[places]
        steps = numpy.where((signs == OPENS[0]) | (signs == OPENS[1]), 1, -1)
        return _Brackets(places, signs, self.depth + numpy.cumsum(steps) - steps)

    def _count(self, block: bytes, plain: bytes, brackets: _Brackets, top: int) -> None:
        self.answers += len(brackets.where(b"{", top))
        members = numpy.sort(numpy.concatenate((brackets.where(b"[", top + 1), brackets.where(b"{", top + 1))))
        is_data = numpy.array([self.is_data, *(self._is_data(plain, at) for at in members.tolist())])
        self.is_data = bool(is_data[-1])
        begun, ended = (
            places[is_data[numpy.searchsorted(members, places)]].tolist()
            for places in (brackets.where(b"[", top + 2), brackets.where(b"]", top + 3))
        )
        self.rows += len(begun)
        self.blank += sum(_is_blank(block[begin : end + 1]) for begin, end in zip(begun, ended, strict=False))

    def _is_data(self, plain: bytes, at: int) -> bool:
        """Whether the member that begins at `at` is the list of rows."""
        key = _KEY.search((self.tail + plain[max(0, at - KEY_BYTES) : at])[-KEY_BYTES:])
        return plain[at] == ord("[") and key is not None and key[1] == b"Data"

    def _refuse(self, finding: str) -> None:
        raise DeliveryRefused(
            f"{self.file_name} is not the agreed JSON of Variables and Data: {finding}.",
            "Ask for it again; if the source has changed its form, agree on a new version of the contract.",
        )


def _is_blank(row: bytes) -> bool:
    if row.translate(None, _NOTHING):
        return False
    try:
        return all(cell is None or not str(cell).strip(BLANKS) for cell in json.loads(row))
    except ValueError:
        return False
