"""Erases a person: the rows stay countable, and nobody can find out any more whom they are about.

Removing the rows would change published figures and make them impossible to check. So the person's pseudonym is
replaced by a random word in every version of every row, in the builds' working tables and in the rejects. Free text
that was let in is emptied, and the person is blanked in the kept files. Published tables hold no pseudonym. Rows of the
same case that are delivered again keep the random word, see kvalitet.intake.history.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.intake.pseudonyms import ERASED
from kvalitet.intake.row_hash import hash_sql
from kvalitet.landing.holding import changing_files
from kvalitet.persons.journal import begin_journal, check_journal, check_writable, note
from kvalitet.persons.number import Number
from kvalitet.persons.originals import rewrite
from kvalitet.persons.places import BuiltColumn, PersonTable, built_columns, changing, made_tables, person_tables
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.kept_text import without_number


@dataclass(frozen=True)
class Erasure:
    """Counts of what was erased. `erasure_id` is None where nothing was held."""

    erasure_id: int | None
    rows_delinked: int
    rows_in_builds: int
    files_rewritten: int
    files_destroyed: int


def erase(settings: Settings, number: Number, reason: str, by: str) -> Erasure:
    """Erase a person everywhere, and record who did it when, why and how much, but never whom.

    Needs the admin's credential. Raises KvalitetError where that is not at hand, or a build or an extraction is under
    way. An erasure that was killed is run again.
    """
    if not reason.strip() or not by.strip():
        raise KvalitetError("An erasure needs who and why.", "Give --reason 'request of 3 March, case 2026-114'.")
    reason, by = without_number(reason, "--reason"), without_number(by, "--by")
    pseudonyms = number.pseudonyms(settings.pseudonym_keys())
    places = person_tables(settings)
    with (
        changing_files(settings),
        changing(settings) as connection,
        connect(settings, TRANSFORMER) as builder,
    ):
        entry = _JournalEntry(settings, connection)
        rewritten, destroyed = rewrite(settings, number, entry.write)
        instead = f"{ERASED}{secrets.token_hex(16)}"
        made = made_tables(connection, places)
        delinked = sum(_delink(connection, place, pseudonyms, instead) for place in made)
        names = {name for place in places for name in place.columns}
        in_builds = sum(
            _replace(builder if place.is_builders else connection, place, pseudonyms, instead)
            for place in built_columns(connection, names)
        )
        connection.execute(
            "update audit.reject set row_key = array_to_string(array(select case when part = any(%(old)s) then %(new)s"
            " else part end from unnest(string_to_array(row_key, '|')) with ordinality as parts (part, place)"
            " order by place), '|') where string_to_array(row_key, '|') && %(old)s::text[]",
            {"old": pseudonyms, "new": instead},
        )
        counts = (delinked, in_builds, rewritten, destroyed)
        if not any(counts):
            return Erasure(None, *counts)
        entry.write()
        connection.execute(
            "insert into audit.person_erasure (erasure_id, erased_by, reason, rows_delinked, rows_in_builds,"
            " files_rewritten, files_destroyed) overriding system value values (%s, %s, %s, %s, %s, %s, %s)",
            [entry.erasure_id, by, reason, *counts],
        )
    with suppress(KvalitetError):  # the journal has it as begun, which a restore names as well
        note(settings, entry.erasure_id, is_committed=True)
    return Erasure(entry.erasure_id, *counts)


class _JournalEntry:
    """Writes the erasure's number to the journal before the first file or row is changed.

    A restore would undo an erasure that the journal lacks, and nobody would know. An erasure that was killed stays in
    it as begun, and a restore names it as well.
    """

    def __init__(self, settings: Settings, connection: psycopg.Connection[DictRow]) -> None:
        self._settings, self._is_written = settings, False
        row = connection.execute(
            "select installation_id, nextval(pg_get_serial_sequence('audit.person_erasure', 'erasure_id'))"
            " as erasure_id from audit.installation"
        ).fetchone()
        assert row is not None
        self.erasure_id: int = row["erasure_id"]
        begin_journal(settings, str(row["installation_id"]))
        check_journal(settings, str(row["installation_id"]))
        check_writable(settings)

    def write(self) -> None:
        if not self._is_written:
            note(self._settings, self.erasure_id, is_committed=False)
        self._is_written = True


def _delink(connection: psycopg.Connection[DictRow], place: PersonTable, pseudonyms: list[str], instead: str) -> int:
    word, emptied = sql.Literal(instead), {name: sql.SQL("null") for name in place.sensitive}
    rows = 0
    for column in place.columns:
        changed: dict[str, sql.Composable] = {column: word, **emptied}
        rows += connection.execute(
            sql.SQL("update {raw} as r set {changes}, row_hash = {hash} where r.{column} = any(%s)").format(
                raw=sql.Identifier("raw", place.table.raw_name),
                changes=sql.SQL(", ").join(
                    sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in changed.items()
                ),
                hash=hash_sql(place.table, "r", changed),
                column=sql.Identifier(column),
            ),
            [pseudonyms],
        ).rowcount
    return rows


def _replace(connection: psycopg.Connection[DictRow], place: BuiltColumn, pseudonyms: list[str], instead: str) -> int:
    return connection.execute(
        sql.SQL("update {table} set {column} = %s where {column} = any(%s)").format(
            table=sql.Identifier(place.schema, place.table), column=sql.Identifier(place.column)
        ),
        [instead, pseudonyms],
    ).rowcount
