"""Fetches delivered files into a private spool: hashed, size-checked, decoded to UTF-8.

Everything after works on the spooled copy, so a file that changes in the inbox meanwhile cannot enter the warehouse
half old and half new.
"""

import codecs
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryNotReady, DeliveryRefused
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.line_ends import LineEnds
from kvalitet.landing.private_folder import private_folder
from kvalitet.landing.store import compressing
from kvalitet.settings import Settings
from kvalitet.settings.stated import seconds

CHUNK_BYTES = 1 << 20
_MARKED_LINE = b"\n" + codecs.BOM_UTF8
#: A process id is valid only on its own host (or in its own container).


@dataclass(frozen=True)
class SpooledFile:
    """One delivered file: its own name, size and digest as delivered, and the spooled copy.

    `original` are the delivered bytes, compressed. `refusal` says why the file cannot be read, and then the copy is of
    no use. `line_ends` counts the line ends of a text by kind, including those within quoted texts.
    """

    file_name: str
    bytes: int
    sha256: str
    path: Path
    original: Path
    refusal: DeliveryRefused | None = None
    line_ends: dict[str, int] = field(default_factory=dict)


@contextmanager
def spooled(settings: Settings, contract: Contract, delivery: Delivery) -> Iterator[dict[str, SpooledFile]]:
    """The delivery's files by table, in a folder that only this user can read, removed afterwards.

    A file in another encoding than agreed, or one that breaks off in the middle of a line, has a `refusal` that says
    so. Raises DeliveryNotReady where a file is still being written, DeliveryRefused where one is empty or too large.
    """
    with private_folder(settings) as folder:
        by_path: dict[str, SpooledFile] = {}
        for path in delivery.paths.values():
            if path not in by_path:
                by_path[path] = _fetch(contract, delivery, path, folder / f"{len(by_path)}.spool")
        yield {table: by_path[path] for table, path in delivery.paths.items()}


def _fetch(contract: Contract, delivery: Delivery, path: str, target: Path) -> SpooledFile:
    file_name = path.rsplit("/", 1)[-1]
    before = _state(delivery, path)
    if before["size"] == 0:
        raise DeliveryRefused(f"{file_name} is empty.", "Ask for the file again.")
    if before["size"] > contract.max_bytes:
        raise DeliveryRefused(
            f"{file_name} is {before['size']} bytes; the contract allows {contract.max_bytes}.",
            "Raise maxBytes in the contract if the size is right.",
        )
    digest = hashlib.sha256()
    decode = TextCheck(file_name, contract.encoding) if contract.file_format != "xlsx" else None
    size = 0
    refusal: DeliveryRefused | None = None
    original = target.with_suffix(".original")
    with target.open("wb") as out, compressing(original) as keep:
        for chunk in _chunks(delivery, path):
            digest.update(chunk)
            size += len(chunk)
            if size > before["size"]:
                break
            keep.write(chunk)
            if not refusal:
                try:
                    out.write(decode(chunk) if decode else chunk)
                except DeliveryRefused as error:  # the rest is still read, because the file is kept as it came
                    refusal = error
        # Checked before its end is judged, since a file that still grows looks cut off.
        if size != before["size"] or _state(delivery, path) != before:
            raise DeliveryNotReady(f"{file_name} is still being written.", "It is read at the next attempt.")
        if decode and not refusal:
            try:
                out.write(decode.finish(contract.file_format == "csv" and contract.requires_final_newline))
            except DeliveryRefused as error:
                refusal = error
    kinds = decode.line_ends.kinds if decode else {}
    return SpooledFile(file_name, size, digest.hexdigest(), target, original, refusal, kinds)


def _chunks(delivery: Delivery, path: str) -> Iterator[bytes]:
    """The file's bytes. Only errors on the inbox's side are reported as errors of the inbox."""
    with delivery.place.naming_errors(), delivery.place.filesystem.open(path, "rb") as source:
        while chunk := bytes(source.read(CHUNK_BYTES)):  # type: ignore[arg-type]  # fsspec says str or bytes
            yield chunk


def _state(delivery: Delivery, path: str) -> dict:
    """Size and time of change of a file that was left alone long enough to be complete.

    A file that was changed just now, or in the future by this machine's clock, is watched for that long.
    """
    settle = seconds("KVALITET_SETTLE_SECONDS", 2)
    state = _look(delivery, path)
    while isinstance(state["modified"], (int, float)) and (left := settle - (time.time() - state["modified"])) > 0:
        time.sleep(min(left, settle))
        before, state = state, _look(delivery, path)
        if state == before and left >= settle:
            break
    return state


def _look(delivery: Delivery, path: str) -> dict:
    delivery.place.filesystem.invalidate_cache()
    with delivery.place.naming_errors():
        info = delivery.place.filesystem.info(path)
    return {
        "size": info["size"],
        "modified": info.get("mtime") or info.get("LastModified") or info.get("last_modified"),
    }


class TextCheck:
    """Turns chunks of the agreed encoding into UTF-8, and refuses text that is in another one.

    A single-byte encoding accepts any byte, so two signs of a wrong agreement are looked for:
    the whole file is valid UTF-8 with letters beyond ASCII, or it holds C1 control characters.
    """

    def __init__(self, file_name: str, encoding: str) -> None:
        self.file_name = file_name
        self.encoding = encoding
        self.is_utf8 = encoding.startswith("utf-8")
        self.decoder = codecs.getincrementaldecoder("utf-8" if self.is_utf8 else encoding)()
        self.as_utf8 = None if self.is_utf8 else codecs.getincrementaldecoder("utf-8")()
        self.lines = 1
        self.line_ends = LineEnds()
        self.has_high_bytes = False
        self.has_c1_controls = False
        self.last_byte = b""
        self.is_first = True
        self._held = b""

    def __call__(self, chunk: bytes) -> bytes:
        if b"\0" in chunk:
            self._refuse(f"line {self.lines + chunk[: chunk.index(0)].count(10)} holds a zero byte")
        if self.is_first:
            self.is_first = False
            chunk = chunk.removeprefix(codecs.BOM_UTF8) if self.is_utf8 else chunk
        try:
            text = self.decoder.decode(chunk)
        except UnicodeDecodeError as error:
            self._refuse(f"line {self.lines + error.object[: error.start].count(10)} is not {self.encoding}")
        self.has_high_bytes = self.has_high_bytes or not chunk.isascii()
        if self.as_utf8 and self.has_high_bytes:
            self._look_for_other_encodings(chunk, text)
        self.lines += chunk.count(b"\n")
        self.line_ends.take(chunk)
        self.last_byte = chunk[-1:] or self.last_byte
        return self._without_marks(chunk if self.is_utf8 else text.encode())

    def _without_marks(self, chunk: bytes) -> bytes:
        """Remove byte order marks. Files that were put together have one at the beginning of each part.

        No reader expects them there. What may be the beginning of a mark is held back until the next chunk.
        """
        chunk = (self._held + chunk).replace(_MARKED_LINE, b"\n")
        self._held = next((_MARKED_LINE[:n] for n in (3, 2, 1) if chunk.endswith(_MARKED_LINE[:n])), b"")
        return chunk[: len(chunk) - len(self._held)]

    def finish(self, requires_final_newline: bool) -> bytes:
        try:
            self.decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self._refuse(f"line {self.lines} is not {self.encoding}")
        if self.as_utf8 and self.has_high_bytes:
            self._refuse("it is UTF-8 throughout")
        if self.has_c1_controls:
            self._refuse("it holds characters that only windows-1252 has")
        if self.last_byte not in (b"\n", b"\r"):
            if requires_final_newline:
                raise DeliveryRefused(
                    f"{self.file_name} breaks off: line {self.lines} has no end.",
                    "Ask for the file again; if the source never ends its last line,"
                    " say requiresFinalNewline: false in the contract.",
                )
            return self._held + self.line_ends.most
        return self._held

    def _look_for_other_encodings(self, chunk: bytes, text: str) -> None:
        if self.encoding == "iso-8859-1":
            self.has_c1_controls |= any("\x80" <= letter <= "\x9f" for letter in set(text))
        try:
            if self.as_utf8:
                self.as_utf8.decode(chunk)
        except UnicodeDecodeError:
            self.as_utf8 = None

    def _refuse(self, finding: str) -> None:
        raise DeliveryRefused(
            f"{self.file_name} is not in the agreed encoding {self.encoding}: {finding}.",
            "Ask for the agreed encoding, or correct `encoding` in the contract.",
        )
