"""Moves a schema with its `_detail` views between candidate, reporting and previous, and sets who may read it."""

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.publication.catalogue import DETAIL_SUFFIX, GROUP_OF_READER, READER_TABLE
from kvalitet.publication.digest import tables_of
from kvalitet.settings import GATE

OWNER = "kvalitet_publication_owner"


def _exists(connection: psycopg.Connection[DictRow], schema: str) -> bool:
    row = connection.execute("select to_regnamespace(%s) is not null as is_there", [schema]).fetchone()
    return bool(row and row["is_there"])


def with_detail(connection: psycopg.Connection[DictRow], schema: str) -> list[str]:
    return [name for name in (schema, f"{schema}{DETAIL_SUFFIX}") if _exists(connection, name)]


def owner_of(connection: psycopg.Connection[DictRow], schema: str) -> str | None:
    """The role that owns the schema. None where there is no such schema."""
    row = connection.execute(
        "select pg_get_userbyid(nspowner)::text as owner from pg_namespace where nspname = %s", [schema]
    ).fetchone()
    return row["owner"] if row else None


def take_over(connection: psycopg.Connection[DictRow], schema: str) -> None:
    """Give the candidate's tables to the publication owner, so that no build can write to them again."""
    owner = sql.Identifier(OWNER)
    for place in with_detail(connection, schema):
        connection.execute(sql.SQL("alter schema {} owner to {}").format(sql.Identifier(place), owner))
        for name in tables_of(connection, place):
            connection.execute(sql.SQL("alter table {} owner to {}").format(sql.Identifier(place, name), owner))


def drop(connection: psycopg.Connection[DictRow], schema: str) -> None:
    connection.execute("set local lock_timeout = '10s'")
    for place in reversed(with_detail(connection, schema)):
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(place)))
    connection.execute("set local lock_timeout = 0")


def rename(connection: psycopg.Connection[DictRow], schema: str, name: str) -> None:
    for place in with_detail(connection, schema):
        new = name + place.removeprefix(schema)
        connection.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(place), sql.Identifier(new)))


def _grants(connection: psycopg.Connection[DictRow], schema: str) -> list[tuple[str, sql.Identifier]]:
    """What each reader role may read of `schema`, by the schema's own table of readers."""
    rows = connection.execute(
        sql.SQL("select table_name, reader from {} order by 1, 2").format(sql.Identifier(schema, READER_TABLE))
    ).fetchall()
    detail = set(tables_of(connection, f"{schema}{DETAIL_SUFFIX}"))
    grants = [(GROUP_OF_READER[row["reader"]], sql.Identifier(schema, row["table_name"])) for row in rows]
    grants += [
        (
            GROUP_OF_READER["detail"],
            sql.Identifier(f"{schema}{DETAIL_SUFFIX}", row["table_name"]),
        )
        for row in rows
        if row["reader"] == "detail" and row["table_name"] in detail
    ]
    return grants


def open_to_readers(connection: psycopg.Connection[DictRow], schema: str) -> None:
    """Let the readers in. Only now, because even the statistics of a readable table show values of it."""
    for place in with_detail(connection, schema):
        roles = [GROUP_OF_READER["detail"]] if place != schema else [*GROUP_OF_READER.values(), GATE]
        connection.execute(
            sql.SQL("grant usage on schema {} to {}").format(
                sql.Identifier(place), sql.SQL(", ").join(map(sql.Identifier, roles))
            )
        )
    for role in GROUP_OF_READER.values():
        names = [name for grantee, name in _grants(connection, schema) if grantee == role]
        if names:
            connection.execute(
                sql.SQL("grant select on {} to {}").format(sql.SQL(", ").join(names), sql.Identifier(role))
            )


def close_to_readers(connection: psycopg.Connection[DictRow], schema: str) -> None:
    """Take all of the readers' rights back."""
    roles = sql.SQL(", ").join(map(sql.Identifier, GROUP_OF_READER.values()))
    for place in with_detail(connection, schema):
        name = sql.Identifier(place)
        connection.execute(sql.SQL("revoke all on schema {} from {}").format(name, roles))
        if tables_of(connection, place):
            connection.execute(sql.SQL("revoke all on all tables in schema {} from {}").format(name, roles))
