"""Refusals of workbooks: what is wrong with a file, what it is instead, and what to save it as."""

import errno
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from xml.parsers import expat

from kvalitet.errors import DeliveryRefused

MAX_UNPACKED_BYTES = 200_000_000
MAX_EXPANSION = 200  # unpacked to packed; a real workbook is below 30
#: More sheets, relationships, cell styles, number formats or ranges of columns than Excel can hold.
MAX_ITEMS = 65_536
SAVE_AGAIN = "Open it in Excel and save it as Excel Workbook (.xlsx)."
CHUNK_BYTES = 1 << 16
#: The errors raised when a damaged package is read.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(expat.ExpatError, LookupError, ValueError, ArithmeticError, RuntimeError),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Fault(Exception):
    """What is wrong with a workbook, without any of its values."""


@contextmanager
def refusing(file_name: str) -> Iterator[None]:
    """Turn any error of a broken package into a refusal that names the file. The block must do nothing else."""
    try:
        yield
    except Fault as fault:
        raise DeliveryRefused(f"{file_name} is not a readable workbook: {fault}.", SAVE_AGAIN) from None
    except NotImplementedError:
        raise DeliveryRefused(
            f"{file_name} is not a readable workbook: it is packed in a way that Excel does not use.", SAVE_AGAIN
        ) from None
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a part lies before the file's start
            raise
        raise DeliveryRefused(
            f"{file_name} is not a readable workbook: it is damaged or breaks off.",
            f"{SAVE_AGAIN} If Excel cannot open it either, ask for it again.",
        ) from None


def check_size(workbook: Path, file_name: str) -> None:
    """Refuse a workbook that would unpack to far more than a workbook does, before unpacking it."""
    with zipfile.ZipFile(workbook) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_EXPANSION * max(workbook.stat().st_size, 1):
        raise DeliveryRefused(
            f"{file_name} unpacks to {unpacked} bytes, more than a workbook of its size can.",
            "Do not open it; ask the sender what it is.",
        )


def limit(items: Sized) -> None:
    """Raises Fault for more items than a workbook can have, so that a hostile one takes no memory."""
    if len(items) > MAX_ITEMS:
        raise Fault("it holds more styles, sheets or columns than a workbook can")


def refuse_other_kinds(workbook: Path, file_name: str) -> None:
    """Raises a refusal that names what the file is, where it is not an Open XML package."""
    with workbook.open("rb") as file:
        start = file.read(4096)
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith(_OLE):
        _refuse_ole(workbook, file_name)
    if start[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"):
        raise Fault("it is an Excel file of the old kind (.xls)")
    if text.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<?xml", b"mime-version")):
        raise Fault("it is a web page or an XML file under another name")
    if start.startswith(b"%PDF"):
        raise Fault("it is a PDF file under another name")
    if not start.startswith(b"PK"):
        raise Fault("its content is of another kind")


def _refuse_ole(workbook: Path, file_name: str) -> None:
    """Refuse files with a password and workbooks of the old format, which are both OLE containers."""
    before = b""
    with workbook.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if any(name.encode("utf-16-le") in before + chunk for name in ("EncryptedPackage", "DRMEncrypted")):
                raise DeliveryRefused(
                    f"{file_name} is encrypted or protected by a password.",
                    "Take the password or protection off (File, Info, Protect Workbook)"
                    " and save it as Excel Workbook (.xlsx).",
                )
            before = chunk[-64:]
    raise Fault("it is an Excel file of the old kind (.xls)")
