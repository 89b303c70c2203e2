"""Checks that the database itself enforces, as its catalogue shows. Nothing is counted for them.

A check counts as held where the constraint that its model declares exists in the sealed schema and has been validated,
and the table has rows to which it applies. Where any of that is missing, the check is measured like any other.
"""

from collections.abc import Iterator

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.gate.derived import DerivedCheck
from kvalitet.gate.suites import Suite
from kvalitet.gate.verdict import Measurement
from kvalitet.publication.catalogue import Constraint, state_of

_NAMED_DA = {
    "primary key": "Primærnøgle ({columns})",
    "unique": "Entydig nøgle ({columns})",
    "not null": "{columns} kan ikke være tom",
    "foreign key": "Fremmednøgle ({columns}) til {table} ({to_columns})",
}


def held_by_database(
    connection: psycopg.Connection[DictRow], schema: str, suites: list[Suite], skipped: set[str]
) -> dict[str, Measurement]:
    """The suites' checks that the schema's own constraints enforce, by check id, without the `skipped`."""
    state = state_of(connection, schema, with_readers=False)
    filled: dict[tuple[str, Constraint], bool] = {}
    held: dict[str, Measurement] = {}
    for suite, check, constraint in _with_constraint(suites):
        if check.id in skipped or not state.holds(suite.table, constraint):
            continue
        asked = (suite.table, constraint)
        if asked not in filled:
            filled[asked] = _has_rows(connection, schema, suite.table, constraint)
        if filled[asked]:
            held[check.id] = Measurement(held_by=_named(constraint))
    return held


def _with_constraint(suites: list[Suite]) -> Iterator[tuple[Suite, DerivedCheck, Constraint]]:
    for suite in suites:
        for check in suite.checks:
            if isinstance(check, DerivedCheck) and check.held_by:
                yield suite, check, check.held_by


def _has_rows(connection: psycopg.Connection[DictRow], schema: str, table: str, constraint: Constraint) -> bool:
    """Whether there are rows that measuring would count. Without rows, nothing is shown to hold."""
    there = sql.SQL("select exists (select from {} where {}) as has_rows").format(
        sql.Identifier(schema, table),
        sql.SQL("true")
        if constraint.kind == "not null"
        else sql.SQL(" and ").join(sql.SQL("{} is not null").format(sql.Identifier(c)) for c in constraint.columns),
    )
    row = connection.execute(there).fetchone()
    return bool(row and row["has_rows"])


def _named(constraint: Constraint) -> str:
    """The constraint in the words of the pages."""
    to = constraint.references
    named = _NAMED_DA[constraint.kind].format(
        columns=", ".join(constraint.columns),
        table=to.to_table if to else "",
        to_columns=", ".join(to.to_columns) if to else "",
    )
    return f"{named}."
