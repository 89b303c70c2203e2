"""A right: one statement, the question whether it is in force, and how the one is made to answer the other."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

#: What a statement says that this login may not, or whose role or database is not there.
_REFUSED = (
    errors.InsufficientPrivilege,
    errors.InvalidGrantOperation,
    errors.UndefinedObject,
    errors.InvalidCatalogName,
)


@dataclass(frozen=True)
class Right:
    """`holds` is a condition that every role may ask. `without`: how one gets by where it is lacking, if one does."""

    statement: str
    holds: str
    without: str = ""

    @property
    def news(self) -> str:
        """What to tell of a right that is lacking."""
        return f"Not in force: {self.statement}" + (f" ({self.without})" if self.without else "")


@dataclass(frozen=True)
class Section:
    """Rights of one purpose. `in_warehouse`: to be asked and set in the warehouse's own database.

    `opens_warehouse`: not before a restore of it has come to its end.
    `may_be_refused`: even to an administrator, where Postgres is a cloud's; so it is printed last.
    """

    why: str
    rights: tuple[Right, ...]
    in_warehouse: bool = False
    opens_warehouse: bool = False
    may_be_refused: bool = False


def put_in_force(connection: psycopg.Connection, rights: Iterable[Right]) -> list[Right]:
    """Carry out what is not in force, in autocommit; returns what this login may not carry out."""
    lacking = []
    for right in rights:
        if not holds(connection, right):
            with suppress(*_REFUSED):
                connection.execute(right.statement.encode())
            if not holds(connection, right):  # taking back what somebody else gave is a warning, not an error
                lacking.append(right)
    return lacking


def not_in_force(connection: psycopg.Connection, rights: Iterable[Right]) -> list[Right]:
    """Nothing is changed; for any role, in autocommit."""
    return [right for right in rights if not holds(connection, right)]


def holds(connection: psycopg.Connection, right: Right) -> bool:
    """Whether it is in force; what is about a role that does not exist is not."""
    try:
        row = connection.cursor(row_factory=tuple_row).execute(f"select {right.holds}".encode()).fetchone()
    except (errors.UndefinedObject, errors.InvalidCatalogName):
        return False
    return bool(row and row[0])


def name(of: str) -> str:
    """A role's or database's name in a statement."""
    return of if re.fullmatch(r"(kvalitet|pg)_[a-z0-9_]+|current_user", of) else sql.Identifier(of).as_string(None)


def text(value: str) -> str:
    return sql.Literal(value).as_string(None)
