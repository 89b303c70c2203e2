"""Removes landed files whose retention has ended, and files left by killed processes. Their records stay."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.rows import DictRow

from kvalitet.landing.holding import changing_files
from kvalitet.landing.store import Store
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import ExtractionsRun, stop_extractions

#: So long a killed process's files are kept for a person to look at.
ORPHAN_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Purged:
    """How many files were removed because their retention ended, and how many because no load names them."""

    expired: int
    orphans: int


def purge(settings: Settings, today: date | None = None) -> Purged:
    """Remove every landed file whose retention ended before `today`. May be killed and run again at any time.

    `today` is by default the earlier day of this machine's clock and the database server's, so that one clock that is
    ahead removes nothing too early. Files that no load names are removed only while nothing is being taken in. Raises
    FilesHeld where a backup is copying the files. What is due is then removed the next time.
    """
    with changing_files(settings, patience_seconds=60):
        return _purge(settings, today)


def _purge(settings: Settings, today: date | None) -> Purged:
    store = Store(settings)
    with connect(settings, LOADER) as connection:
        today = today or _day(connection)
        due = connection.execute(
            "select path from audit.landed_file where purged_at is null group by path having max(retained_until) < %s",
            [today],
        ).fetchall()
    for row in due:
        forget(settings, store, row["path"], "retention")
    return Purged(len(due), _sweep(settings, store))


def _day(connection: psycopg.Connection[DictRow]) -> date:
    row = connection.execute("select clock_timestamp() as instant").fetchone()
    assert row is not None
    return min(row["instant"], datetime.now(UTC)).astimezone(TIMEZONE).date()


def _sweep(settings: Settings, store: Store) -> int:
    """Remove the files that no load names. Removes none where an extraction runs, which may be about to name a file."""
    with connect(settings, LOADER) as connection:
        try:
            stop_extractions(connection)
        except ExtractionsRun:
            return 0
        named = connection.execute("select distinct path from audit.landed_file where purged_at is null").fetchall()
        return len(store.sweep((row["path"] for row in named), before=datetime.now(UTC) - ORPHAN_AGE))


def forget(settings: Settings, store: Store, path: str, because: str) -> None:
    """Remove one file, then record that in every load that names it."""
    store.remove(path)
    with connect(settings, LOADER) as connection:
        connection.execute(
            "update audit.landed_file set purged_at = clock_timestamp(), purged_because = %s"
            " where path = %s and purged_at is null",
            [because, path],
        )
