"""Removes landed files when their time is over, and what killed processes left; the records stay."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from kvalitet.landing.holding import changing_files
from kvalitet.landing.store import Store
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

#: Longer than any extraction takes between writing a file and naming it.
ORPHAN_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Purged:
    """How many files were removed because their time was over, and how many because no load names them."""

    expired: int
    orphans: int


def purge(settings: Settings, today: date | None = None) -> Purged:
    """Remove every landed file whose retention ended before `today`; may be killed and run again at any time.

    Raises FilesHeld where a backup is copying them: what is due goes the next time.
    """
    today = today or datetime.now(TIMEZONE).date()
    with changing_files(settings, patience_seconds=60):
        return _purge(settings, today)


def _purge(settings: Settings, today: date) -> Purged:
    store = Store(settings)
    with connect(settings, LOADER) as connection:
        due = connection.execute(
            "select path from audit.landed_file where purged_at is null group by path having max(retained_until) < %s",
            [today],
        ).fetchall()
    for row in due:
        forget(settings, store, row["path"], "retention")
    with connect(settings, LOADER) as connection:
        named = connection.execute("select distinct path from audit.landed_file where purged_at is null").fetchall()
    orphans = store.sweep((row["path"] for row in named), before=datetime.now(UTC) - ORPHAN_AGE)
    return Purged(len(due), len(orphans))


def forget(settings: Settings, store: Store, path: str, because: str) -> None:
    """Remove one file, then say so with every load that names it."""
    store.remove(path)
    with connect(settings, LOADER) as connection:
        connection.execute(
            "update audit.landed_file set purged_at = clock_timestamp(), purged_because = %s"
            " where path = %s and purged_at is null",
            [because, path],
        )
