"""A right: a statement, a condition that says whether it is in force, and the code that checks and sets it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

#: Errors of a statement that this login may not run, or whose role or database does not exist.
_REFUSED = (
    errors.InsufficientPrivilege,
    errors.InvalidGrantOperation,
    errors.UndefinedObject,
    errors.InvalidCatalogName,
)


@dataclass(frozen=True)
class Right:
    """A statement that sets a right. `holds` is a condition that every role may query.

    `without` says how to do without the right, where that is possible.
    """

    statement: str
    holds: str
    without: str = ""

    @property
    def news(self) -> str:
        """The message about a right that is lacking."""
        return f"Not in force: {self.statement}" + (f" ({self.without})" if self.without else "")


@dataclass(frozen=True)
class Section:
    """Rights of one purpose. `in_warehouse`: checked and set in the warehouse's own database.

    `opens_warehouse`: not set before a restore of the warehouse is complete. `may_be_refused`: a cloud's Postgres may
    refuse it even to an administrator, so it is printed last.
    """

    why: str
    rights: tuple[Right, ...]
    in_warehouse: bool = False
    opens_warehouse: bool = False
    may_be_refused: bool = False


def put_in_force(connection: psycopg.Connection, rights: Iterable[Right]) -> list[Right]:
    """Set the rights that are not in force, in autocommit. Returns those that this login may not set."""
    lacking = []
    for right in rights:
        if not holds(connection, right):
            with suppress(*_REFUSED):
                connection.execute(right.statement.encode())
            if not holds(connection, right):  # revoking what somebody else granted gives a warning, not an error
                lacking.append(right)
    return lacking


def not_in_force(connection: psycopg.Connection, rights: Iterable[Right]) -> list[Right]:
    """The rights that are not in force. Changes nothing. For any role, in autocommit."""
    return [right for right in rights if not holds(connection, right)]


def holds(connection: psycopg.Connection, right: Right) -> bool:
    """Whether the right is in force. A right of a role that does not exist is not."""
    try:
        row = connection.cursor(row_factory=tuple_row).execute(f"select {right.holds}".encode()).fetchone()
    except (errors.UndefinedObject, errors.InvalidCatalogName):
        return False
    return bool(row and row[0])


def name(of: str) -> str:
    """A role's or database's name as written in a statement."""
    return of if re.fullmatch(r"(kvalitet|pg)_[a-z0-9_]+|current_user", of) else sql.Identifier(of).as_string(None)


def text(value: str) -> str:
    return sql.Literal(value).as_string(None)
