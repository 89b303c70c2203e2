"""Connections to the warehouse, each as one role."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings


@contextmanager
def connect(settings: Settings, role: str) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection as `role`: committed at the end of the block, rolled back on an exception.

    Rows are dictionaries. Raises KvalitetError where the server cannot be reached.
    """
    try:
        connection = psycopg.Connection[DictRow].connect(
            settings.dsn(role),
            row_factory=dict_row,
            fallback_application_name="kvalitet",  # PGAPPNAME says of which start or build it is
            connect_timeout=10,
        )
    except psycopg.OperationalError as error:
        raise KvalitetError(
            f"The warehouse at {settings.server} cannot be reached as {role}: {type(error).__name__}.",
            "Start it with `kvalitet up`, or check KVALITET_DATABASE_URL.",
        ) from None
    with connection:
        yield connection


def fetch_all(settings: Settings, role: str, query: LiteralString, parameters: dict | None = None) -> list[DictRow]:
    """The rows of one query in a transaction of its own."""
    with connect(settings, role) as connection:
        return connection.execute(query, parameters).fetchall()
