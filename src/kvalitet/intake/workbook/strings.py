"""A workbook's shared texts, kept in little memory: one block of bytes and where each text ends."""

import re
from array import array

from kvalitet.intake.workbook.package import Package, is_true, local_names
from kvalitet.intake.workbook.refusals import Fault

#: The longest text that a cell can hold.
MAX_CELL_CHARACTERS = 32_767
#: A character written as its number. Those of kvalitet.spelling.text are left for it to count.
ESCAPE = re.compile(r"(?<!_x005F)_x(?!00(?:09|0[AD]|5F)_)([0-9A-F]{4})_", re.IGNORECASE)
#: Stands before a text of which a part is raised, lowered or struck. No delivered text holds this character.
RAISED_OR_STRUCK = "\ufdd3"
#: The elements that TextBuilder gets.
RUNS = ("t", "rPh", "vertAlign", "strike")
_NAMES = local_names("si", *RUNS)


def _character(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return escape[0] if "\ud800" <= character <= "\udfff" or character == "\0" else character


class TextBuilder:
    """Puts a text together from its runs. How Japanese is pronounced (`rPh`) is not part of it.

    12 with a raised 1, or with a struck 3 behind it, is neither 121 nor 123. Such a text begins with RAISED_OR_STRUCK.
    """

    def __init__(self) -> None:
        self.pieces: list[str] | None = None
        self._phonetic = 0
        self._is_open = False
        self._length = 0
        self._is_marked = False

    def begin(self, is_plain: bool = False) -> None:
        """Begin a text. `is_plain`: it follows directly, without an element `t` around it."""
        self.pieces, self._length, self._is_open, self._is_marked = [], 0, is_plain, False

    def start(self, name: str | None, attributes: dict[str, str]) -> None:
        self._phonetic += name == "rPh"
        self._is_open = name == "t" and not self._phonetic
        if name == "vertAlign":
            self._is_marked = self._is_marked or attributes.get("val") != "baseline"
        elif name == "strike":
            self._is_marked = self._is_marked or is_true(attributes.get("val", "1"))

    def end(self, name: str | None) -> None:
        self._phonetic -= name == "rPh"
        self._is_open = False

    def text(self, value: str) -> None:
        if self._is_open and self.pieces is not None:
            self._length += len(value)
            if self._length > 2 * MAX_CELL_CHARACTERS:
                raise Fault("a cell holds more text than a cell can")
            self.pieces.append(value)

    def finish(self) -> str:
        text, self.pieces, self._is_open = "".join(self.pieces or ()), None, False
        text = ESCAPE.sub(_character, text) if "_x" in text else text
        return RAISED_OR_STRUCK + text if self._is_marked and text else text


class SharedStrings:
    """The texts to which cells of kind `s` refer by number."""

    def __init__(self, package: Package) -> None:
        self._bytes, self._ends = bytearray(), array("Q", [0])
        self._builder = TextBuilder()
        part = package.related.get("sharedStrings", "")
        if package.has(part):
            package.parse(part, self._start, self._end, self._builder.text)

    def __getitem__(self, index: int) -> str:
        """The text of that number. Raises Fault where no text has it."""
        if not 0 <= index < len(self._ends) - 1:
            raise Fault("a cell refers to a text that is not in it (sharedStrings)")
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _NAMES.get(tag)
        if name == "si":
            self._builder.begin()
        else:
            self._builder.start(name, attributes)

    def _end(self, tag: str) -> None:
        name = _NAMES.get(tag)
        if name == "si":
            self._bytes += self._builder.finish().encode()
            self._ends.append(len(self._bytes))
        else:
            self._builder.end(name)
