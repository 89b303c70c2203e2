"""Keeps the files of the landing store as they are while a backup copies them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect

#: Held shared by a backup from before its dump until the files are copied, exclusively by whoever removes or
#: rewrites files.
LOCK = "files of the landing store"


class FilesHeld(KvalitetError):
    """A backup copies the files, or somebody else changes them; nothing was changed."""


@contextmanager
def changing_files(settings: Settings, patience_seconds: float = 10) -> Iterator[None]:
    """Hold the files alone. Raises FilesHeld where that cannot be within the patience."""
    with connect(settings, LOADER) as connection:
        connection.execute("select set_config('lock_timeout', %s, true)", [f"{round(patience_seconds * 1000)}ms"])
        try:
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCK])
        except errors.LockNotAvailable:
            raise FilesHeld(
                "The kept files are in use: a backup copies them, or they are being removed or rewritten.",
                "Wait for it to end (`select * from pg_stat_activity` as admin shows it), then do this again.",
            ) from None
        yield


def hold_files(connection: psycopg.Connection[DictRow]) -> None:
    """Nobody removes or rewrites a file until this autocommit connection ends. Waits for whoever is at it."""
    connection.execute("select pg_advisory_lock_shared(hashtext(%s))", [LOCK])
