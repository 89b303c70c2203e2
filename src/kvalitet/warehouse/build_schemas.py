"""The schemas that a build fills. The publisher makes them empty and drops them, the transformer fills them.

The builder's role makes and drops no schema. A schema named after another role would be on that role's search path, and
a sealed schema is no longer the builder's.
"""

from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.settings import PUBLISHER, Settings
from kvalitet.warehouse.connection import connect

OWNER = "kvalitet_candidate_owner"


def schemas_of(target_schema: str) -> tuple[str, str, str]:
    """The three names: star and reports, working tables, row-level views."""
    return target_schema, f"{target_schema}_work", f"{target_schema}_detail"


def make_empty(settings: Settings, target_schema: str) -> None:
    """Make the three schemas empty for the builder to fill. Whatever was there is dropped, sealed or not."""
    with connect(settings, PUBLISHER) as connection:
        _drop(connection, schemas_of(target_schema))
        for name in schemas_of(target_schema):
            connection.execute(
                sql.SQL("create schema {} authorization {}").format(sql.Identifier(name), sql.Identifier(OWNER))
            )


def drop_schemas(settings: Settings, target_schema: str) -> None:
    """Drop the three schemas, sealed or not."""
    with connect(settings, PUBLISHER) as connection:
        _drop(connection, schemas_of(target_schema))


def _drop(connection: psycopg.Connection[DictRow], names: Iterable[str]) -> None:
    connection.execute("set local lock_timeout = '30s'")
    for name in names:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
