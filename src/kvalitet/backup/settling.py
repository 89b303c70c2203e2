"""What follows when a database has gone back in time: live builds are ended, and undone erasures are listed."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow

from kvalitet.backup import folder, keys
from kvalitet.backup.connecting import connect_admin
from kvalitet.build.builds import LIVE
from kvalitet.persons.journal import Journal, begin_with_gap, journal_file, read_journal
from kvalitet.settings import Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.kept_text import without_number
from kvalitet.warehouse.restored import said_of_erasures

ENDED = "the installation was restored"


@dataclass(frozen=True)
class Settled:
    """The newest row of audit.restore, and the builds that it ended. `says` is empty where nothing was undone."""

    says: str
    builds_ended: tuple[int, ...]

    @classmethod
    def read(cls, connection: psycopg.Connection[DictRow]) -> "Settled":
        row = connection.execute("select * from audit.restore order by restore_id desc limit 1").fetchone()
        assert row is not None
        ended = connection.execute(
            "select build_id from audit.build where message = %s and finished_at >= %s order by 1",
            [ENDED, row["restored_at"]],
        ).fetchall()
        return cls("" if row["confirmed_at"] else said_of_erasures(row), tuple(one["build_id"] for one in ended))


def settle(
    settings: Settings,
    connection: psycopg.Connection[DictRow],
    backup: str,
    made_at: str | None,
    given: folder.Folder | None,
    by: str,
) -> None:
    """End what was live, and record the restore with the erasures that it undid, in the caller's transaction.

    Nobody needs to confirm anything where the journal is this installation's own and complete, and has no erasure that
    the database lacks.
    """
    row = connection.execute("select installation_id from audit.installation").fetchone()
    journal = _journal(settings, connection, str(row and row["installation_id"]), made_at, given)
    unknown_since = _unknown_since(connection, journal)
    undone = _undone(connection, journal)
    said: dict[str, Any] = {"backup": backup, "made_at": made_at, "by": by, "undone": undone, "since": unknown_since}
    said["settled_by"] = None if undone or unknown_since else "kvalitet restore"
    connection.execute(
        "insert into audit.restore (backup, backup_made_at, restored_by, erasures, erasures_unknown_since,"
        " confirmed_at, confirmed_by, confirmed_reason) values (%(backup)s, %(made_at)s, %(by)s, %(undone)s, %(since)s,"
        " case when %(settled_by)s::text is not null then clock_timestamp() end, %(settled_by)s,"
        " case when %(settled_by)s::text is not null then 'the journal has no erasure that the database lacks' end)",
        said,
    )
    connection.execute(
        "update audit.build set status = 'failed', message = %s, finished_at = clock_timestamp()"
        " where status = any(%s)",
        [ENDED, list(LIVE)],
    )
    # A number must never be used twice, or a later restore would confuse two erasures.
    connection.execute(
        "select setval(pg_get_serial_sequence('audit.person_erasure', 'erasure_id'), %(highest)s)"
        " where %(highest)s > coalesce((select max(erasure_id) from audit.person_erasure), 0)",
        {"highest": max(journal.days, default=0)},
    )


def settle_other_means(settings: Settings, what: str, by: str) -> Settled:
    """Do the same for a database that was restored otherwise, e.g. to a point in time from archived WAL.

    Raises KvalitetError where a text that is kept of it holds a personal number.
    """
    what, by = without_number(what, "--other-means"), without_number(by, "--by")
    with closing(connect_admin(server.admin_url(settings, settings.database))) as connection:
        with connection.transaction():
            settle(settings, connection, what, None, None, by)
        return Settled.read(connection)


def _journal(
    settings: Settings,
    connection: psycopg.Connection[DictRow],
    installation: str,
    made_at: str | None,
    given: folder.Folder | None,
) -> Journal:
    """The journal in place where it is this installation's. Otherwise the copy beside the keys, or an empty one.

    A copy knows nothing of what came after it, so the journal that begins with it records this gap.
    """
    place = journal_file(settings)
    if place.is_file():
        journal = read_journal(place)
        if journal.installation == installation:
            return journal
        place.replace(place.with_name(f"{place.name}.of-{journal.installation[:8] or 'another'}"))
    copy = given.path / keys.JOURNAL if given and keys.JOURNAL in given.files("") else None
    if copy and given:
        since = datetime.fromisoformat(given.manifest["made_at"])
    elif made_at:
        since = datetime.fromisoformat(made_at)
    else:
        newest = connection.execute("select max(finished_at) as at from audit.extract_run").fetchone()
        since = newest["at"] if newest and newest["at"] else datetime.now(UTC)
    begin_with_gap(settings, installation, since, copy)
    return read_journal(place)


def _unknown_since(connection: psycopg.Connection[DictRow], journal: Journal) -> datetime | None:
    """The beginning of the earliest gap that no confirmation in the database covers."""
    confirmed = connection.execute(
        "select erasures_unknown_since as since, restored_at as until from audit.restore"
        " where confirmed_at is not null and erasures_unknown_since is not null"
    ).fetchall()
    gaps = [
        since
        for since, until in journal.gaps
        if not any(row["since"] <= since and until <= row["until"] for row in confirmed)
    ]
    return min(gaps, default=None)


def _undone(connection: psycopg.Connection[DictRow], journal: Journal) -> list[int]:
    """The erasures in the journal that are neither in the database nor confirmed after an earlier restore."""
    known = connection.execute(
        "select erasure_id from audit.person_erasure union"
        " select unnest(erasures) from audit.restore where confirmed_at is not null"
    ).fetchall()
    return sorted(journal.days.keys() - {row["erasure_id"] for row in known})
