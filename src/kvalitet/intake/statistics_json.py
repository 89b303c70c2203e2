"""Writes statistics in JSON (`Variables` with a `Label` each, `Data` as rows) out as CSV text, in bounded memory."""

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
#: Stands for a character that no text can hold (zero, or one half of a surrogate pair). No delivered text holds this
#: one.
BAD_CHARACTER = "\ufdd0"
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
#: Members by which APIs say that there is more, and how many rows there are in all, with their names as letters alone.
#: They are those of OData, HAL, JSON:API, Spring, Django REST framework and others.
_GOES_ON = re.compile(
    "(odata)?next(page|link|pagelink|url|uri|href|cursor|token|pagetoken|offset|recordsurl)?|continuation(token)?"
    "|(has|is)(more|next|nextpage)|(has|is)?(more(records|items|results|rows|data|pages)|truncated|partial)"
)
_PAGES = re.compile("(total|number|last)(of)?pages?|pages(total)?|pagecount")
_ROWS_IN_ALL = re.compile(
    "odatacount|(total|full)(count|rows?|records?|items|elements|hits|results|rowcount|recordcount)"
    "|(number|no|num)(of)?(rows|records|items|results)|(row|record|item|result)s?(count|total)|antal(ialt|raekker|rækker)"
)
#: Members within which `total` is a number of rows. Elsewhere it may be a sum of the values.
_OF_PAGES = re.compile("(meta|metadata|paging|pagination|page|pageinfo|hits|info)")
_TWICE = "an object names a member twice"


def write_table(file: Path, file_name: str, target: Path) -> None:
    """Write the rows of `Data` to `target` as UTF-8 CSV under the labels of `Variables`.

    Raises DeliveryRefused where the text is not JSON of that shape, breaks off, or says that it is only a part.
    """
    with file.open(encoding="utf-8") as text, target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")  # a text may hold a carriage return
        try:
            writer.writerow(next(value for name, value in _members(text) if name == "Variables"))
            text.seek(0)
            rows, others = 0, dict[str, Any]()
            for name, value in _members(text):
                if name == "Data":
                    writer.writerow(value)
                    rows += 1
                elif name != "Variables":
                    others[name] = value
            _hold_whole(others, rows)
        except StopIteration:
            raise _refused(file_name, "it has no Variables") from None
        except _Broken as finding:
            raise _refused(file_name, str(finding)) from None


class _Broken(Exception):
    """A fault in the text, described without repeating any of it."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object's members. Raises _Broken for a repeated name, since programs disagree on which value counts."""
    found = dict(members)
    if len(found) < len(members):
        raise _Broken(_TWICE)
    return found


#: Numbers stay the texts that were delivered, since a float would change their last decimals.
DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object)


def _refused(file_name: str, finding: str) -> DeliveryRefused:
    return DeliveryRefused(
        f"{file_name} is not the agreed JSON of Variables and Data: {finding}.",
        "Ask for it again; if the source has changed its form, agree on a new version of the contract.",
    )


def _hold_whole(others: dict[str, Any], rows: int) -> None:
    """Raises _Broken where the members beside the rows say that there are more rows."""
    left = [("", others)]
    while left:
        within, members = left.pop()
        for name, value in members.items():
            known = "".join(filter(str.isalpha, name)).casefold()
            number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else None
            if _PAGES.fullmatch(known) and number is not None and number > 1:
                raise _Broken(f"it is one of several pages ({known})")
            is_count = _ROWS_IN_ALL.fullmatch(known) or (known == "total" and _OF_PAGES.fullmatch(within))
            if is_count and number not in (None, rows):
                raise _Broken(f"it says that there are {number} rows in all ({known}), and {rows} are in it")
            if _GOES_ON.fullmatch(known) and value not in (None, "", "0", False, [], {}, "false", "False"):
                raise _Broken(f"it says that there are more rows ({known})")
            parts = value if isinstance(value, list) else [value]
            left += ((known, part) for part in parts if isinstance(part, dict))


def _members(text: TextIO) -> Iterator[tuple[str, Any]]:
    """("Variables", labels) once, ("Data", texts) for each row, and every other member, in the order delivered."""
    source = _Text(text)
    if source.peek() == "[":  # the API wraps its one answer in a list
        source.take("[")
    source.take("{")
    names = set()
    while source.peek() != "}":
        name = source.value()
        if not isinstance(name, str) or name in names:
            raise _Broken(_TWICE if isinstance(name, str) else "it is not JSON of that form")
        names.add(name)
        source.take(":")
        if name == "Data":
            source.take("[")
            while source.peek() != "]":
                yield "Data", [_cell(cell) for cell in _list(source.value())]
                source.take_between("]")
            source.take("]")
        else:
            value = source.value()
            yield name, [_label(variable) for variable in _list(value)] if name == "Variables" else value
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
        """The next character that is not blank."""
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
        """Read a comma, or nothing where the end is next."""
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
