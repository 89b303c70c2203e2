"""Keeps the files of the landing store unchanged while a backup copies them."""

from collections.abc import Iterator
from contextlib import contextmanager

from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import FILES, LockHeld, take


class FilesHeld(LockHeld):
    """A backup copies the files, or another process changes them. Nothing was changed."""


@contextmanager
def changing_files(settings: Settings, patience_seconds: float = 10) -> Iterator[None]:
    """Hold the files alone. Raises FilesHeld where that is not possible within `patience_seconds`."""
    with connect(settings, LOADER) as connection:
        try:
            take(connection, FILES, "a backup copies them, or they are removed or rewritten,", patience_seconds)
        except LockHeld as held:
            what = f"The kept files are in use: {held.what[0].lower()}{held.what[1:]}"
            raise FilesHeld(what, "Wait for it to end, then do this again.") from None
        yield
