"""A workbook's package: the parts of its zip file, its sheets, and refusals that say what the file is instead.

Parts are read with expat and without document types, so that no entity is ever expanded. Both namespaces of Open XML
(transitional and strict) and any prefix are accepted, and the names of parts are compared as Excel compares them.
"""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from xml.parsers import expat

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.workbook.refusals import CHUNK_BYTES, Fault, check_size, limit, refuse_other_kinds, refusing
from kvalitet.spelling.text import header

#: The names of a spreadsheet's own elements: transitional, strict.
MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)


@dataclass(frozen=True)
class Sheet:
    """A sheet of the workbook: its part, whether it has cells, and whether it is hidden from people."""

    name: str
    part: str
    has_cells: bool
    is_hidden: bool


@dataclass
class Package:
    """An open workbook. `recalculates`: its writer asks readers to calculate every formula anew."""

    archive: zipfile.ZipFile
    file_name: str
    sheets: list[Sheet] = field(default_factory=list)
    is_1904: bool = False
    recalculates: bool = False
    related: dict[str, str] = field(default_factory=dict)  # kind of relationship -> part

    def __post_init__(self) -> None:
        self._parts: dict[str, list[zipfile.ZipInfo]] = {}
        for entry in self.archive.infolist():
            self._parts.setdefault(_comparable(entry.filename), []).append(entry)

    def has(self, part: str) -> bool:
        return _comparable(part) in self._parts

    def parse(self, part: str, start: Callable, end: Callable | None = None, text: Callable | None = None) -> None:
        """Read a part with these handlers, in which elements are named `{namespace}}name`."""
        for _ in self.parsing(part, start, end, text):
            pass

    def parsing(
        self, part: str, start: Callable, end: Callable | None = None, text: Callable | None = None
    ) -> Iterator[None]:
        """As `parse`, pausing after each chunk. Raises Fault for a part that is missing or occurs twice."""
        entries = self._parts.get(_comparable(part), [])
        if len(entries) != 1:
            raise Fault("a part of it is missing" if not entries else "a part of it is there twice")
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _no_document_type
        with self.archive.open(entries[0]) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                parser.Parse(chunk)
                yield
            parser.Parse(b"", True)
        yield

    def related_to(self, part: str) -> list[tuple[str, str]]:
        """(kind, part) of each part that this one refers to."""
        folder, _, name = part.rpartition("/")
        return list(_relationships(self, f"{folder}/_rels/{name}.rels", folder).values())

    def sheet(self, name: str | None) -> Sheet:
        """The sheet of that name. Names are compared as headers are and without regard to case, as Excel does."""
        found = [sheet for sheet in self.sheets if _same(sheet.name) == _same(name or "")]
        if not found:
            raise DeliveryRefused(f"{self.file_name} has no sheet {name}.", "Ask for the agreed sheet name.")
        if len(found) > 1:
            raise DeliveryRefused(
                f"{self.file_name} has {len(found)} sheets whose names read as {name}.",
                "Ask for one of them; the others need names that a person can tell apart.",
            )
        if not found[0].has_cells:
            raise DeliveryRefused(
                f"{self.file_name}: {name} is a chart or a sheet of macros.", "Ask for the agreed sheet with its cells."
            )
        return found[0]


@contextmanager
def opened(workbook: Path, file_name: str) -> Iterator[Package]:
    """The workbook, checked for its size. Raises DeliveryRefused for a file that is not a readable workbook."""
    with refusing(file_name):
        refuse_other_kinds(workbook, file_name)
        check_size(workbook, file_name)
    with zipfile.ZipFile(workbook) as archive:
        package = Package(archive, file_name)
        with refusing(file_name):
            _read_workbook(package)
        yield package


def local_names(*names: str) -> dict[str, str]:
    """Maps expat's name of each of these spreadsheet elements to its plain name."""
    return {f"{namespace}}}{name}": name for namespace in MAIN for name in names}


def is_true(value: str | None) -> bool:
    """The value of an XML Schema boolean attribute."""
    return value in ("1", "true", "on")


def _comparable(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


def _same(name: str) -> str:
    return header(name).casefold()


def _no_document_type(*_: object) -> None:
    raise Fault("it holds a document type, which no workbook has")


def _read_workbook(package: Package) -> None:
    """The sheets and settings of xl/workbook.xml, wherever it lies."""
    if any(entry.flag_bits & 1 for entry in package.archive.infolist()):
        raise Fault("it is packed with a password")
    if package.has("mimetype"):
        raise Fault("it is an OpenDocument file (.ods)")
    root = _relationships(package, "_rels/.rels", "")
    book = next((part for kind, part in root.values() if kind == "officeDocument"), "xl/workbook.xml")
    if book.lower().endswith(".bin"):
        raise Fault("it is a binary workbook (.xlsb)")
    if not package.has(book):
        raise Fault("it holds no workbook")
    folder, _, name = book.rpartition("/")
    related = _relationships(package, f"{folder}/_rels/{name}.rels", folder)
    package.related = dict(related.values())
    known = local_names("workbook", "workbookPr", "calcPr", "sheet")
    seen: set[str] = set()

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = known.get(tag)
        seen.add(name or "")
        if name == "workbookPr":
            package.is_1904 = is_true(attributes.get("date1904"))
        elif name == "calcPr":
            package.recalculates = is_true(attributes.get("fullCalcOnLoad"))
        elif name == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith("relationships}id")), "")
            kind, part = related.get(link, ("", ""))
            is_hidden = attributes.get("state", "visible") != "visible"
            package.sheets.append(Sheet(attributes.get("name", ""), part, kind in ("worksheet", ""), is_hidden))
            limit(package.sheets)

    package.parse(book, start)
    if "workbook" not in seen:
        raise Fault("it holds another kind of document")


def _relationships(package: Package, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """The kind of each relationship (`worksheet`) and the part it leads to, below `folder` unless it is absolute."""
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith("}Relationship") and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            place = target if target.startswith("/") else f"{folder}/{target}"
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = kind, normpath(place.lstrip("/"))
            limit(found)

    if package.has(part):
        package.parse(part, start)
    return found
