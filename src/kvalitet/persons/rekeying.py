"""Gives the pseudonyms a new key without knowing any number: rows in raw change to what intake will make of them.

The new key file lies beside the old one until the warehouse has changed, all of it in one transaction. A rotation that
was killed in between is recognised by its fingerprint, and nothing is taken in until it is finished.
"""

import re
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.intake.pseudonyms import DIGEST, fingerprint, keyed
from kvalitet.intake.row_hash import hash_sql
from kvalitet.persons.places import PersonTable, built_columns, changing, made_tables, person_tables
from kvalitet.settings import TRANSFORMER, Settings, replace_secret
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.kept_text import without_number

PYTHON_DIGEST = re.compile(DIGEST.replace(r"\m", r"\b").replace(r"\M", r"\b"))
BATCH_ROWS = 50_000


def rotate_key(settings: Settings, by: str) -> int:
    """Add a key and bring every pseudonym up to it. Returns how many rows of raw have a new one.

    Needs the admin's credential. Raises KvalitetError where that is not at hand, a build or an extraction is under way,
    or the key in the file is not the one of the rows. A rotation that was killed goes on when it is run again.
    """
    by = without_number(by, "--by")
    file = settings.pseudonym_key_file
    coming = file.with_name(file.name + ".next")
    with changing(settings) as connection, connect(settings, TRANSFORMER) as builder:
        keys = settings.pseudonym_keys()
        key = _coming_key(coming, keys) or secrets.token_bytes(32)
        mark = fingerprint((*keys, key))
        done = _refuse_another_key(connection, keys, mark)
        if not coming.is_file():
            replace_secret(coming, "".join(f"{one.hex()}\n" for one in (*keys, key)))
        if done is None:
            done = _rekey(connection, builder, made_tables(connection, person_tables(settings)), key)
            connection.execute(
                "insert into audit.pseudonym_key (fingerprint, introduced_by, rows_rekeyed) values (%s, %s, %s)",
                [mark, by, done],
            )
    _put_in_place(coming, file)
    return done


def _coming_key(coming: Path, keys: tuple[bytes, ...]) -> bytes | None:
    """The key made by a rotation that was killed. None where there was none."""
    if not coming.is_file():
        return None
    try:
        *before, key = (bytes.fromhex(line) for line in coming.read_text().split())
    except ValueError:
        before, key = [], b""
    if tuple(before) != keys:
        raise KvalitetError(
            f"{coming} was made from other keys than those in {coming.with_suffix('').name}.",
            "Bring the key back that belongs to it, or move it away where it is known to be of another installation.",
        )
    return key


def _refuse_another_key(connection: psycopg.Connection[DictRow], keys: tuple[bytes, ...], mark: str) -> int | None:
    """Raises KvalitetError where the rows have neither the keys in the file nor the coming ones.

    Where they already have the coming ones, returns how many rows were changed.
    """
    newest = connection.execute(
        "select fingerprint, rows_rekeyed from audit.pseudonym_key order by key_number desc limit 1"
    ).fetchone()
    if newest is None or newest["fingerprint"] == fingerprint(keys):
        return None
    if newest["fingerprint"] == mark:
        return newest["rows_rekeyed"]
    raise KvalitetError(
        "The pseudonym key is not the one that the rows in raw were made with.",
        "Bring the key back from its backup; with another one no person would be found again.",
    )


def _put_in_place(coming: Path, file: Path) -> None:
    coming.replace(file)


def _rekey(
    connection: psycopg.Connection[DictRow],
    builder: psycopg.Connection[DictRow],
    places: list[PersonTable],
    key: bytes,
) -> int:
    person, row = partial(keyed, key, "person"), partial(keyed, key, "row")
    rows = 0
    for place in places:
        for column in place.columns:
            target = sql.Identifier("raw", place.table.raw_name)
            _map(connection, target, column, person)
            before, after = (hash_sql(place.table, "r", {column: sql.Identifier(name)}) for name in ("old", "new"))
            # The hash of a row that an earlier contract made cannot be made again, so such a row counts as changed
            # once.
            rows += connection.execute(
                sql.SQL(
                    "update {target} as r set {column} = new, row_hash = case when r.row_hash = {before} then {after}"
                    " else md5(gen_random_uuid()::text) end from renamed where r.{column} = old"
                ).format(target=target, column=sql.Identifier(column), before=before, after=after)
            ).rowcount
    names = {name for place in places for name in place.columns}
    others = [
        (builder if one.is_builders else connection, sql.Identifier(one.schema, one.table), one.column, person)
        for one in built_columns(connection, names)
    ]
    reject = sql.Identifier("audit", "reject")
    for acting, target, column, change in (
        *others,
        (connection, reject, "row_key", person),
        (connection, reject, "row_digest", row),
    ):
        _map(acting, target, column, change)
        acting.execute(
            sql.SQL("update {target} as r set {column} = new from renamed where r.{column} = old").format(
                target=target, column=sql.Identifier(column)
            )
        )
    return rows


def _map(
    connection: psycopg.Connection[DictRow], target: sql.Identifier, column: str, change: Callable[[str], str]
) -> None:
    """Make the table `renamed` (old, new) of those values of the column that hold a pseudonym or a digest."""
    connection.execute("drop table if exists renamed")
    connection.execute("create temporary table renamed (old text primary key, new text not null) on commit drop")
    with connection.cursor(name="values_of_a_column") as found:
        found.itersize = BATCH_ROWS
        found.execute(
            sql.SQL("select distinct {column} as old from {target} where {column} ~ {form}").format(
                column=sql.Identifier(column), target=target, form=sql.Literal(DIGEST)
            )
        )
        while rows := found.fetchmany(BATCH_ROWS):
            _copy(connection, (row["old"] for row in rows), change)
    connection.execute("analyze renamed")


def _copy(connection: psycopg.Connection[DictRow], values: Iterable[str], change: Callable[[str], str]) -> None:
    with connection.cursor().copy("copy renamed from stdin") as copy:
        for value in values:
            copy.write_row((value, PYTHON_DIGEST.sub(lambda match: change(match[0]), value)))
