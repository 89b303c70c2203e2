"""Statistics as JSON (`Variables` with a `Label` each, `Data` as rows): written out as CSV text, in bounded memory."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from kvalitet.errors import DeliveryRefused

CHUNK_CHARACTERS = 1 << 18
#: Longest row, or any other single value.
MAX_VALUE_CHARACTERS = 2_097_152
BLANKS = " \t\r\n"
#: What stands for a character that no text can hold (zero, or one half of a pair); no delivered text has this one.
BAD_CHARACTER = "\ufdd0"
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
#: Numbers stay the texts that were delivered: a float would change their last decimals.
DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def write_table(file: Path, file_name: str, target: Path) -> None:
    """Write the rows of `Data` to `target` as UTF-8 CSV under the labels of `Variables`.

    Raises DeliveryRefused where the text is not JSON of that shape, or breaks off.
    """
    with file.open(encoding="utf-8") as text, target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")  # a text may hold a carriage return
        try:
            writer.writerow(next(value for name, value in _members(text) if name == "Variables"))
            text.seek(0)
            writer.writerows(value for name, value in _members(text) if name == "Data")
        except StopIteration:
            raise _refused(file_name, "it has no Variables") from None
        except _Broken as finding:
            raise _refused(file_name, str(finding)) from None


class _Broken(Exception):
    """What is wrong with the text, without repeating any of it."""


def _refused(file_name: str, finding: str) -> DeliveryRefused:
    return DeliveryRefused(
        f"{file_name} is not the agreed JSON of Variables and Data: {finding}.",
        "Ask for it again; if the source has changed its form, agree on a new version of the contract.",
    )


def _members(text: TextIO) -> Iterator[tuple[str, list[str]]]:
    """("Variables", labels) once, and ("Data", texts) for each row, in the order delivered."""
    source = _Text(text)
    if source.peek() == "[":  # the API wraps its one answer in a list
        source.take("[")
    source.take("{")
    while source.peek() != "}":
        name = source.value()
        source.take(":")
        if name == "Data":
            source.take("[")
            while source.peek() != "]":
                yield "Data", [_cell(cell) for cell in _list(source.value())]
                source.take_between("]")
            source.take("]")
        else:
            value = source.value()
            if name == "Variables":
                yield "Variables", [_label(variable) for variable in _list(value)]
        source.take_between("}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Broken("there is something else where a list is agreed")
    return value


def _label(variable: Any) -> str:
    if not isinstance(variable, dict) or not isinstance(variable.get("Label"), str):
        raise _Broken("a variable has no Label")
    return _UNWRITABLE.sub(BAD_CHARACTER, variable["Label"])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _Broken("a row holds something else than texts and numbers")
    return _UNWRITABLE.sub(BAD_CHARACTER, value)


class _Text:
    """The text still to be read, a chunk at a time."""

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.buffer = ""
        self.at = 0

    def peek(self) -> str:
        """The next sign that is not blank."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in BLANKS:
                self.at += 1
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self._read_on():
                raise _Broken("it breaks off")

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise _Broken("it is not JSON of that form")
        self.at += 1

    def take_between(self, end: str) -> None:
        """A comma, or nothing where the end is next."""
        if self.peek() != end:
            self.take(",")

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.at)
            except (json.JSONDecodeError, RecursionError):
                end = None
            if end is not None and end < len(self.buffer):  # at the very end a number may go on
                self.at = end
                return value
            if len(self.buffer) - self.at > MAX_VALUE_CHARACTERS:
                raise _Broken("a value is longer than agreed, or it is not JSON")
            if not self._read_on():
                raise _Broken("it breaks off, or it is not JSON")

    def _read_on(self) -> bool:
        chunk = self.text.read(CHUNK_CHARACTERS)
        self.buffer, self.at = self.buffer[self.at :] + chunk, 0
        return bool(chunk)
