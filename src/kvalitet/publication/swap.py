"""Publishing and rolling back: one transaction that changes what readers see, or nothing.

Whatever instant a publisher is killed at, the server holds either the old state or the new one. At most a stamp is left
in the candidate, which nobody reads and the next attempt rewrites.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

import psycopg
from psycopg import errors, sql
from psycopg.rows import DictRow

from kvalitet.build.builds import heartbeat
from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import certify, keep
from kvalitet.publication import ledger
from kvalitet.publication.catalogue import DETAIL_SUFFIX
from kvalitet.publication.digest import (
    Digest,
    contents,
    differences,
    digests,
    form_of,
    recorded,
    tables_of,
)
from kvalitet.publication.readers import Commit, ReaderInTheWay, exclusive
from kvalitet.publication.schemas import close_to_readers, drop, open_to_readers, rename
from kvalitet.publication.strangers import Expected, strangers
from kvalitet.settings import PUBLISHER, Settings
from kvalitet.settings.stated import seconds
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.kept_text import without_number
from kvalitet.warehouse.locks import DUMP, PUBLICATION, LockHeld, take

REPORTING, PREVIOUS, CANDIDATE, ASIDE = "reporting", "previous", "candidate", "aside"
Connections = tuple[psycopg.Connection[DictRow], psycopg.Connection[DictRow]]
#: Seconds, longer than the largest dump takes. Until the swap, readers see the earlier publication.
DUMP_SECONDS = 1800.0
#: How many seconds readers may take to finish by themselves (environment: KVALITET_READER_GRACE_SECONDS).
GRACE = 60.0


@dataclass(frozen=True)
class Publication:
    """What readers see now.

    The swap waited `waited_seconds` for readers. `readers_ended` names those that were ended after the grace period.
    New readers had to wait `swap_ms` for the swap itself.
    """

    publication_id: int
    build_id: int
    as_of_date: date
    published_at: datetime
    figures: int = 0
    readers_ended: tuple[str, ...] = ()
    waited_seconds: float = 0.0
    swap_ms: float = 0.0


class PublishRefused(KvalitetError):
    """Nothing was published, and readers see what they saw before."""


def publish(settings: Settings, build_id: int, grace: float | None = None) -> Publication:
    """Make the candidate of build `build_id` what readers see. `grace` is in seconds, by default GRACE.

    A build that is published already is returned as it is. Raises PublishRefused where the build did not pass the gate
    or rests on a withdrawn delivery, where its tables are not those that the gate measured, or where another
    publication is under way. Raises ReaderInTheWay where a session that may not be ended stays.
    """
    with (
        connect(settings, PUBLISHER) as connection,
        _alone(settings, connection) as (held, watch),
    ):
        build = _build(connection, build_id)
        if build["status"] == "published":
            return _published(connection, build_id)
        _refuse_unless_passed(build)
        _refuse_if_withdrawn(connection, build_id)
        with heartbeat(settings, build_id, PUBLISHER):
            _wait_for_dump(held)
            publication_id = ledger.next_publication_id(connection)
            last_commit, published_at = _stamp(connection, build, publication_id)
            form = _refuse_unless_measured(settings, connection, build_id)
            figures = ledger.record(connection, publication_id, build_id, published_at)
            said = None if form == 1 else ledger.candidate_figures(settings, PUBLISHER)
            open_to_readers(connection, CANDIDATE)  # not visible before the swap is committed, but already signed
            event_id = ledger.event(connection, publication_id, "published", None)
            certificate = certify(settings, connection, publication_id, event_id, "published", None, CANDIDATE, said)
            drop(connection, PREVIOUS)
            schemas = [REPORTING, f"{REPORTING}{DETAIL_SUFFIX}"]
            wait = exclusive(connection, watch, schemas, _grace(grace), last_commit)
        started = time.perf_counter()
        rename(connection, REPORTING, PREVIOUS)
        close_to_readers(connection, PREVIOUS)
        rename(connection, CANDIDATE, REPORTING)
        keep(connection, certificate)
        _mark_published(connection, build_id)
        connection.commit()
        swap_ms = (time.perf_counter() - started) * 1000
    return Publication(
        publication_id,
        build_id,
        build["as_of_date"],
        published_at,
        figures=figures,
        readers_ended=tuple(wait.ended),
        waited_seconds=wait.seconds,
        swap_ms=swap_ms,
    )


def rollback(settings: Settings, reason: str, grace: float | None = None) -> Publication:
    """Give readers the publication before this one. What they saw becomes `previous`.

    A second rollback therefore undoes the first. Raises PublishRefused without a reason, without a previous
    publication, or where its tables are not those that its gate measured.
    """
    if not reason.strip():
        raise PublishRefused(
            "A rollback needs a reason.",
            "Say why; it stays in the ledger and readers may ask.",
        )
    reason = without_number(reason, "--reason")
    with (
        connect(settings, PUBLISHER) as connection,
        _alone(settings, connection) as (held, watch),
    ):
        _wait_for_dump(held)
        if not tables_of(connection, PREVIOUS) or not tables_of(connection, REPORTING):
            raise PublishRefused(
                "There is no publication to roll back to.",
                "Only the one before the present one is kept.",
            )
        row = connection.execute("select publication_id, build_id, as_of_date, published_at from previous.publication")
        publication = Publication(**(row.fetchone() or {}))
        measured = [digest for digest in recorded(connection, publication.build_id) if digest.kind == "content"]
        if changed := differences(measured, contents(settings, PUBLISHER, PREVIOUS, form_of(measured))):
            raise PublishRefused(
                f"Publication {publication.publication_id} is no longer what was published: {', '.join(changed)}.",
                f"Rebuild it from its deliveries: `kvalitet build --as-recorded {publication.publication_id}`.",
            )
        schemas = [schema + suffix for schema in (PREVIOUS, REPORTING) for suffix in ("", DETAIL_SUFFIX)]
        number = publication.publication_id
        said = None if form_of(measured) == 1 else ledger.figure_digests(settings, PUBLISHER, {number})[number]
        open_to_readers(connection, PREVIOUS)
        event_id = ledger.event(connection, number, "rolled_back_to", reason)
        certificate = certify(settings, connection, number, event_id, "rolled_back_to", reason, PREVIOUS, said)
        wait = exclusive(connection, watch, schemas, _grace(grace))
        started = time.perf_counter()
        rename(connection, REPORTING, ASIDE)
        rename(connection, PREVIOUS, REPORTING)
        rename(connection, ASIDE, PREVIOUS)
        close_to_readers(connection, PREVIOUS)
        keep(connection, certificate)
        connection.commit()
        swap_ms = (time.perf_counter() - started) * 1000
    return replace(
        publication,
        readers_ended=tuple(wait.ended),
        waited_seconds=wait.seconds,
        swap_ms=swap_ms,
    )


def _grace(grace: float | None) -> float:
    return seconds("KVALITET_READER_GRACE_SECONDS", GRACE) if grace is None else grace


@contextmanager
def _alone(settings: Settings, connection: psycopg.Connection[DictRow]) -> Iterator[Connections]:
    """Allow one publisher at a time. Yields the connection that holds its locks, and one in autocommit for watching."""
    # The server notices within a second that a killed publisher is gone, even during a long statement.
    connection.execute("set client_connection_check_interval = '1s'")
    connection.commit()
    try:
        with connect(settings, PUBLISHER) as held, connect(settings, PUBLISHER) as watch:
            held.execute("select set_config('application_name', 'kvalitet, publishing', true)")
            take(held, PUBLICATION, "another publication or rollback is under way,")
            watch.autocommit = True
            yield held, watch
    except LockHeld as other:
        raise PublishRefused(other.what, "Wait for it to end, then look at `kvalitet status`.") from None
    except errors.LockNotAvailable:
        raise PublishRefused(
            "Somebody works on the candidate or the previous publication; nothing was changed.",
            "Look for the session in pg_stat_activity, then publish again.",
        ) from None
    finally:
        if not connection.broken:
            connection.rollback()


def _wait_for_dump(held: psycopg.Connection[DictRow]) -> None:
    """Wait for a running dump, and keep others from starting. Raises ReaderInTheWay where a dump does not end."""
    try:
        take(held, DUMP, "a backup dumps the database,", DUMP_SECONDS)
    except LockHeld as dump:
        what = f"Nothing was swapped. {dump.what}"
        raise ReaderInTheWay(what, "Wait for it or end it, then publish again.") from None


def _build(connection: psycopg.Connection[DictRow], build_id: int) -> DictRow:
    row = connection.execute(
        "select build_id, status, message, target_schema, as_of_date, sealed_at is not null as is_sealed"
        " from audit.build where build_id = %s",
        [build_id],
    ).fetchone()
    if row is None:
        raise PublishRefused(f"There is no build {build_id}.", "`kvalitet status` shows the builds.")
    return row


def _refuse_if_withdrawn(connection: psycopg.Connection[DictRow], build_id: int) -> None:
    loads = connection.execute(
        "select load_id from audit.build_load join audit.load_withdrawal using (load_id) where build_id = %s"
        " order by load_id",
        [build_id],
    ).fetchall()
    if loads:
        listed = ", ".join(str(row["load_id"]) for row in loads)
        raise PublishRefused(f"Build {build_id} rests on a delivery that was withdrawn: load {listed}.", "Build again.")


def _refuse_unless_passed(build: DictRow) -> None:
    build_id = build["build_id"]
    if build["target_schema"] != CANDIDATE:
        raise PublishRefused(
            f"Build {build_id} is a rebuild of the past in {build['target_schema']}: it is not for publishing.",
            "Compare it there, or build anew with `kvalitet build`.",
        )
    if build["status"] != "passed":
        remedy = {
            "building": "Wait for it to end.",
            "built": f"Run the gate first: `kvalitet validate {build_id}`.",
            "held_back": "See the validation page, have what is wrong corrected, and build anew.",
        }
        raise PublishRefused(
            f"Build {build_id} cannot be published: it is {build['status']}. {build['message'] or ''}".strip(),
            remedy.get(build["status"], "Build anew: `kvalitet build`."),
        )
    if not build["is_sealed"]:
        raise PublishRefused(
            f"Build {build_id} cannot be published: its tables were never sealed.", "Build anew: `kvalitet build`."
        )


def _published(connection: psycopg.Connection[DictRow], build_id: int) -> Publication:
    row = connection.execute(
        "select p.publication_id, p.build_id, b.as_of_date, p.published_at"
        " from audit.publication as p join audit.build as b using (build_id) where p.build_id = %s",
        [build_id],
    ).fetchone()
    assert row is not None
    return Publication(**row)


def _stamp(connection: psycopg.Connection[DictRow], build: DictRow, publication_id: int) -> tuple[Commit, datetime]:
    """Write which publication this will be into the candidate, and commit it before the swap begins.

    A snapshot taken between this commit and the swap's then finds the row in the new tables.
    """
    connection.execute("set local lock_timeout = '10s'")
    connection.execute("delete from candidate.publication")
    row = connection.execute(
        "insert into candidate.publication (publication_id, build_id, as_of_date, published_at)"
        " values (%s, %s, %s, clock_timestamp())"
        " returning published_at, pg_current_xact_id()::xid::text::bigint as xid",
        [publication_id, build["build_id"], build["as_of_date"]],
    ).fetchone()
    connection.commit()
    instant = connection.execute("select clock_timestamp() as committed_at").fetchone()
    assert row is not None and instant is not None
    connection.commit()
    return Commit(row["xid"], instant["committed_at"]), row["published_at"]


def _refuse_unless_measured(settings: Settings, connection: psycopg.Connection[DictRow], build_id: int) -> int:
    """Keep the candidate unchanged and compare it, read by a second connection, with what the gate measured.

    Returns the form in which it was measured.
    """
    connection.execute("set local lock_timeout = '10s'")
    names = [
        sql.Identifier(schema, name)
        for schema in (CANDIDATE, f"{CANDIDATE}{DETAIL_SUFFIX}")
        for name in tables_of(connection, schema)
    ]
    connection.execute(sql.SQL("lock table {} in share mode").format(sql.SQL(", ").join(names)))
    measured = recorded(connection, build_id)
    # Look for foreign objects before the candidate's owner reads anything of it.
    changed = strangers(connection, CANDIDATE, _expected(measured)) or differences(
        measured, digests(settings, PUBLISHER, CANDIDATE, form_of(measured))
    )
    if changed or not measured:
        message = f"The candidate is not what the gate measured: {', '.join(changed) or 'nothing was measured'}."
        connection.rollback()
        # The claim is freed, because a candidate that somebody changed must be built anew.
        connection.execute(
            "update audit.build set status = 'failed', message = %s, finished_at = clock_timestamp()"
            " where build_id = %s and status = 'passed'",
            [message, build_id],
        )
        connection.commit()
        raise PublishRefused(
            message,
            "Find out who wrote to the candidate, then build anew: `kvalitet build`.",
        )
    return form_of(measured)


def _expected(measured: list[Digest]) -> Expected:
    """The relations that the gate measured. Their policies are part of their definitions."""
    names = {digest.table_name for digest in measured}
    views = {name for name in names if name.startswith("detail.")}
    return Expected(tuple(names - views), tuple(view.removeprefix("detail.") for view in views), None)


def _mark_published(connection: psycopg.Connection[DictRow], build_id: int) -> None:
    """Mark the build published in the swap's transaction, so that a claim that has lapsed undoes the swap."""
    marked = connection.execute(
        "update audit.build set status = 'published', message = null, finished_at = clock_timestamp()"
        " where build_id = %s and status = 'passed'",
        [build_id],
    )
    if marked.rowcount != 1:
        raise PublishRefused(
            f"The claim of build {build_id} lapsed while it was published.",
            "Build anew.",
        )
