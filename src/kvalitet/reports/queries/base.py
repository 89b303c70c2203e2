"""How rows are read: each as one object of the model."""

from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import DictRow, class_row

T = TypeVar("T")
Connection = psycopg.Connection[DictRow]


def every(connection: Connection, kind: type[T], query: LiteralString, **parameters: Any) -> tuple[T, ...]:
    """All rows of the query."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return tuple(cursor.execute(query, parameters).fetchall())


def one(connection: Connection, kind: type[T], query: LiteralString, **parameters: Any) -> T | None:
    """The first row of the query, if there is one."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchone()
