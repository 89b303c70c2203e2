"""Compares what readers see, read as each of them, with the ledger's newest entry."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.evidence.canonical import NoCanonicalForm, NotReadable, digest, reading, row_hashes, table_rows
from kvalitet.evidence.shown import shown
from kvalitet.evidence.statement import form_of_statement
from kvalitet.publication.catalogue import CENTRE_COLUMN, DETAIL_SUFFIX, GROUP_OF_READER, READER_TABLE
from kvalitet.publication.digest import CONTENT, STAMP_TABLE, Digest, contents, differences, tables_of
from kvalitet.settings import AUDITOR, BI, DETAIL, READER_ROLES, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.readers import named_readers
from kvalitet.warehouse.rights import SEARCH_PATHS

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

REPORTING = "reporting"
_READ = (REPORTING, f"{REPORTING}{DETAIL_SUFFIX}", "previous", f"previous{DETAIL_SUFFIX}")
_STAMP = ("publication_id", "build_id", "as_of_date", "published_at")
#: The word of `table_reader` for each role that reads.
_WORDS = {BI: "bi", DETAIL: "detail", AUDITOR: "auditor"}


@dataclass
class Seen:
    """What was read, by whom, and what of it differs from what was signed."""

    tables: int = 0  # published tables
    readers: list[str] = field(default_factory=list)  # roles that it was read as
    unread: list[str] = field(default_factory=list)  # roles whose credential is missing or does not fit
    faults: list[str] = field(default_factory=list)


def look(settings: Settings, connection: psycopg.Connection[DictRow], stated: dict[str, Any] | None) -> Seen:
    """Compare what readers see with `stated`, the ledger's newest entry. `connection` is an auditor's."""
    found = Seen()
    tables = tables_of(connection, REPORTING)
    if not stated:
        if stated is None and tables:
            found.faults.append("Readers see tables, and the ledger has no entry.")
        return found
    predicate = stated["predicate"]
    said = f"publication {predicate['publication']['publication_id']}"
    if not tables:
        found.faults.append(f"Readers see nothing; by the ledger's newest entry it should be {said}.")
        return found
    form = form_of_statement(stated) or 1
    signed = {
        one["name"]: Digest(CONTENT, one["name"], one["rows"], one["sha256"], form)
        for one in predicate["tables"]
        if one["kind"] == CONTENT
    }
    found.faults += _stamp(connection, predicate["publication"])
    try:
        seen = contents(settings, AUDITOR, REPORTING, form)
        found.tables = len(seen)
        found.readers.append(AUDITOR)
        names = differences(list(signed.values()), seen)
        found.faults += [f"What readers see is not what {said} was: {name}." for name in names]
    except (NoCanonicalForm, NotReadable) as error:
        found.faults.append(f"What readers see is not what {said} was: {error.what}")
    if form != 1:
        now = {one["name"]: one for one in shown(connection, REPORTING)}
        then = {one["name"]: one for one in predicate["definitions"]}
        changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
        found.faults += [f"It is not shown to readers as it was signed: {name}." for name in changed]
        found.faults += _found_elsewhere(settings)
        if not found.faults:
            _as_each_reader(settings, connection, predicate["publication"], signed, found)
    found.unread += named_readers(connection, GROUP_OF_READER.values(), "member")
    return found


def _stamp(connection: psycopg.Connection[DictRow], publication: dict[str, Any]) -> list[str]:
    """Check that the stamp names the publication, build, day and instant that the entry names."""
    columns = sql.SQL(", ").join(map(sql.Identifier, _STAMP))
    try:
        rows = connection.execute(
            sql.SQL("select {} from {}").format(columns, sql.Identifier(REPORTING, STAMP_TABLE))
        ).fetchall()
    except errors.Error as error:
        connection.rollback()
        return [f"The stamp of what readers see cannot be read: {type(error).__name__}."]
    if len(rows) != 1:
        return [f"What readers see is stamped with {len(rows)} publications."]
    row = rows[0] | {"published_at": rows[0]["published_at"].astimezone(UTC).replace(tzinfo=None)}
    wrong = [name for name in _STAMP if str(row[name]) != str(publication[name])]
    return [f"The stamp of what readers see is not the newest entry's: {', '.join(wrong)}."] if wrong else []


def _found_elsewhere(settings: Settings) -> list[str]:
    """Which roles find tables in schemas that nobody signed.

    The server gives a role's session, such as that of a BI tool, a search path for names without a schema. Another
    schema on the path could hold a table with the name of a published one.
    """
    faults = []
    for role in READER_ROLES:
        # A role whose credential is missing or does not fit is reported as unread.
        with suppress(KvalitetError, psycopg.OperationalError):
            expected = ["pg_catalog", *SEARCH_PATHS[role].split(", ")]
            with psycopg.connect(settings.dsn(role), connect_timeout=10) as own:
                row = own.execute("select pg_catalog.current_schemas(true)::text[]").fetchone()
            others = sorted(set(row[0]) - set(expected)) if row else []
            faults += [f"{role} finds tables in {', '.join(others)} as well, which nobody signed."] if others else []
    return faults


def _as_each_reader(
    settings: Settings,
    connection: psycopg.Connection[DictRow],
    stamp: dict[str, Any],
    signed: dict[str, Digest],
    found: Seen,
) -> None:
    """Read all that each role may read, as the role, and try what it may not.

    This is done only where the auditor sees what was signed, because it relies on `table_reader` and on the rows that a
    part is compared with.
    """
    rows = connection.execute(
        sql.SQL("select table_name, reader from {}").format(sql.Identifier(REPORTING, READER_TABLE))
    ).fetchall()
    readers = {(row["table_name"], row["reader"]) for row in rows}
    relations = [(schema, name) for schema in _READ for name in tables_of(connection, schema)]
    access = connection.execute("select centre_id from audit.detail_access where role_name = %s", [DETAIL])
    granted = {row["centre_id"] for row in access}
    for role in (BI, DETAIL):
        allowed = {name for name in signed if (name, _WORDS[role]) in readers}
        parts = {name for name in allowed if (name, "bi") not in readers}
        try:
            with connect(settings, role) as own:
                own.autocommit = True
                open_to_it = {(REPORTING, name) for name in (*allowed, STAMP_TABLE)}
                open_to_it |= {(f"{REPORTING}{DETAIL_SUFFIX}", name) for name in parts}
                closed = [one for one in relations if one not in open_to_it]
                faults = _stamp(own, stamp) + _beyond(own, closed)
                found.faults += [f"As {role}: {fault}" for fault in faults]
        except KvalitetError as error:
            found.unread.append(f"{role} ({error.what.rstrip('.')})")
            continue
        with reading(settings, role) as cursor:
            for name in sorted(allowed - parts):
                found.faults += _whole(cursor, role, signed[name])
            for name in sorted(parts):
                found.faults += _part(settings, cursor, role, name, granted)
        found.readers.append(role)


def _whole(cursor: "Cursor", role: str, signed: Digest) -> list[str]:
    name = signed.table_name
    try:
        seen = digest(cursor, table_rows(cursor, REPORTING, name))
    except NoCanonicalForm as error:
        return [f"{role} sees something else than was signed: {error.what}"]
    except cursor.connection.Error:  # what the server says may hold values
        return [f"{role} cannot read {name}, which is published for it."]
    return [] if seen == (signed.row_count, signed.sha256) else [f"{role} sees something else than was signed: {name}."]


def _part(settings: Settings, cursor: "Cursor", role: str, name: str, granted: set[str]) -> list[str]:
    """Check the rows that a role sees by centre: signed ones only, and all of each centre that it was granted."""
    import duckdb

    with reading(settings, AUDITOR) as auditor:
        whole = row_hashes(auditor, table_rows(auditor, REPORTING, name), CENTRE_COLUMN)
    faults = []
    for schema in (f"{REPORTING}{DETAIL_SUFFIX}", REPORTING):
        try:
            part = row_hashes(cursor, table_rows(cursor, schema, name), CENTRE_COLUMN)
        except NoCanonicalForm as error:
            return [f"{role} sees something else than was signed: {error.what}"]
        except cursor.connection.Error:
            return [f"{role} cannot read {schema}.{name}, which is published for it."]
        with duckdb.connect() as engine:
            engine.register("part", part)
            engine.register("whole", whole)
            own = "(select * from whole where list_contains($granted, beside))"
            more, fewer = (
                engine.execute(
                    f"select count(*) from (select * from {one} except all select * from {other})",
                    {"granted": sorted(granted)},
                ).fetchall()[0][0]
                for one, other in (("part", own), (own, "part"))
            )
        if more:
            faults.append(f"{role} sees {more} rows of {schema}.{name} that are not signed or not of its centres.")
        if fewer:
            faults.append(f"{role} does not see {fewer} rows of {schema}.{name} of its centres.")
    return faults


def _beyond(connection: psycopg.Connection[DictRow], closed: list[tuple[str, str]]) -> list[str]:
    """Which relations a role can read although they are closed to it."""
    opened = []
    connection.execute("set lock_timeout = '2s'")
    for schema, name in closed:
        with suppress(errors.InsufficientPrivilege, errors.LockNotAvailable, errors.UndefinedTable):
            connection.execute(sql.SQL("select from {} limit 0").format(sql.Identifier(schema, name)))
            opened.append(f"{schema}.{name}")
    return [f"It can read what it was not granted by what was signed: {name}." for name in opened]
