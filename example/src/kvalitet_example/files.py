"""Writes deliveries so that a file appears in the inbox whole and under its own name, or not at all."""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import polars as pl


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only once everything is in it and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_quoted_csv(out: BinaryIO, rows: pl.DataFrame, is_first: bool) -> None:
    """Write one chunk as the case system exports it: comma, every field quoted, UTF-8."""
    rows.write_csv(out, include_header=is_first, quote_style="always")


def write_danish_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> Path:
    """Write rows as a Danish spreadsheet saves them: semicolons, CRLF, quotes only where needed."""
    with whole_file(path) as binary:
        lines = _Encoded(binary, encoding)
        writer = csv.writer(lines, delimiter=";", lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def danish_number(value: float) -> str:
    """Two decimals behind a comma, as a Danish spreadsheet writes an amount."""
    return f"{value:.2f}".replace(".", ",")


class _Encoded:
    """The write method that csv needs, over a binary file."""

    def __init__(self, binary: BinaryIO, encoding: str) -> None:
        self.binary = binary
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        if encoding == "utf-8-sig":
            binary.write(b"\xef\xbb\xbf")

    def write(self, text: str) -> int:
        return self.binary.write(text.encode(self.encoding))
