"""The finishing step: adds what dbt leaves out of a freshly built schema. Safe to run any number of times.

First come keys, comments and statistics, set as the builder. Then the publisher seals it (kvalitet.publication.seal).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.build.builds import heartbeat
from kvalitet.errors import KvalitetError
from kvalitet.publication.catalogue import (
    DETAIL_SUFFIX,
    GROUP_OF_READER,
    Catalogue,
    ForeignKey,
    TablePlan,
    manifest_path,
    read_catalogue,
    state_of,
)
from kvalitet.publication.digest import tables_of
from kvalitet.publication.schemas import OWNER as SEALER
from kvalitet.publication.schemas import owner_of
from kvalitet.publication.seal import refuse, seal
from kvalitet.publication.setting import NOT_ALLOWED, setting
from kvalitet.settings import PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.build_schemas import OWNER
from kvalitet.warehouse.connection import connect


@dataclass(frozen=True)
class FinishResult:
    """Counts of tables finished and keys added. `lacking` are the keys that the data does not allow."""

    tables: int
    keys_added: int
    lacking: tuple[str, ...]


def finish_candidate(settings: Settings, build_id: int, manifest: Path | None = None) -> FinishResult:
    """Finish the schema that build `build_id` filled, as its manifest declares it, and seal it.

    A key that the data does not allow is left out and named in `lacking`. The gate, whose suites count the rows at
    fault, then holds the build back. Raises KvalitetError where the build or one of its tables is missing, ClaimLost
    where the build is not live, NotSealed where something in the schema could be executed, NotSet or Locked where the
    database does not let something be set.
    """
    catalogue = read_catalogue(manifest or manifest_path(settings))
    with heartbeat(settings, build_id, TRANSFORMER):
        return _finish(settings, build_id, catalogue)


def _finish(settings: Settings, build_id: int, catalogue: Catalogue) -> FinishResult:
    with connect(settings, PUBLISHER) as connection:
        schema = _target(connection, build_id)
        is_taken_over = owner_of(connection, schema) == SEALER
    # A schema that is taken over was finished before, and its seal was killed. Nothing in it is the builder's any more.
    with connect(settings, PUBLISHER if is_taken_over else TRANSFORMER) as connection:
        connection.execute("set local lock_timeout = '10s'")
        state = state_of(connection, schema, with_readers=False)
        if absent := sorted(catalogue.tables.keys() - state.tables):
            raise KvalitetError(
                f"Build {build_id} lacks {', '.join(absent)} in {schema}.",
                "Run its layers star and reports first.",
            )
        plain = tables_of(connection, schema, "r")
        refuse(build_id, [f"{name}, which is no plain table" for name in catalogue.tables if name not in plain])
        added, lacking = _add_keys(connection, build_id, schema, catalogue)
        if not is_taken_over:
            _comment_and_close(connection, build_id, schema, catalogue)
            connection.commit()
            _vacuum(connection, build_id, schema, catalogue)
    seal(settings, build_id, schema, catalogue)
    return FinishResult(len(catalogue.tables), added, tuple(lacking))


def _comment_and_close(
    connection: psycopg.Connection[DictRow], build_id: int, schema: str, catalogue: Catalogue
) -> None:
    """Set comments, and take rights back that a reader was granted by mistake, until publishing."""
    for name in catalogue.tables:  # dbt makes them as the transformer, and nobody else can take them over
        with setting(build_id, f"the owner of {name}"):
            connection.execute(
                sql.SQL("alter table {} owner to {}").format(sql.Identifier(schema, name), sql.Identifier(OWNER))
            )
    for plan in catalogue.tables.values():
        with setting(build_id, f"the comments on {plan.name}"):
            _comment(connection, schema, plan)
    readers = sql.SQL(", ").join(map(sql.Identifier, GROUP_OF_READER.values()))
    for place in (schema, schema + DETAIL_SUFFIX):
        name = sql.Identifier(place)
        with setting(build_id, f"the rights on {place}"):
            connection.execute(sql.SQL("revoke all on schema {} from public, {}").format(name, readers))
            connection.execute(sql.SQL("revoke all on all tables in schema {} from public, {}").format(name, readers))


def _vacuum(connection: psycopg.Connection[DictRow], build_id: int, schema: str, catalogue: Catalogue) -> None:
    """Vacuum each table once, as it is never written again, so that no later vacuum is in the way of publishing."""
    connection.autocommit = True
    for name in catalogue.tables:
        table = sql.Identifier(schema, name)
        settings = sql.SQL("alter table {} set (autovacuum_enabled = false, toast.autovacuum_enabled = false)")
        with setting(build_id, f"the statistics of {name}"):
            connection.execute(settings.format(table))
            connection.execute(sql.SQL("vacuum (analyze) {}").format(table))


def _target(connection: psycopg.Connection[DictRow], build_id: int) -> str:
    row = connection.execute("select target_schema, status from audit.build where build_id = %s", [build_id]).fetchone()
    if row is None:
        raise KvalitetError(f"There is no build {build_id}.", "`kvalitet status` shows the builds.")
    if row["status"] in ("published", "failed", "lapsed"):
        raise KvalitetError(
            f"Build {build_id} is {row['status']}: its schema is no longer its own.",
            "Build anew.",
        )
    return row["target_schema"]


def _add_keys(
    connection: psycopg.Connection[DictRow], build_id: int, schema: str, catalogue: Catalogue
) -> tuple[int, list[str]]:
    """Add the missing keys: not null and own keys of all tables first, because foreign keys rest on them."""
    state, lacking, added = state_of(connection, schema, with_readers=False), [], 0
    statements: list[tuple[str, sql.Composed]] = []
    for plan in catalogue.tables.values():
        table = sql.Identifier(schema, plan.name)
        for column in plan.not_null:
            if (plan.name, column) not in state.not_null:
                clause = sql.SQL("alter column {} set not null").format(sql.Identifier(column))
                statements.append((f"{plan.name}: not null on {column}", _alter(table, clause)))
        keys: list[tuple[str, LiteralString, tuple[str, ...]]] = [("u", "unique", key) for key in plan.unique_keys]
        if plan.primary_key:
            keys.append(("p", "primary key", plan.primary_key))
        for kind, words, columns in keys:
            if not state.has_key(plan.name, kind, columns):
                clause = sql.SQL("add {} ({})").format(sql.SQL(words), _names(columns))
                statements.append(
                    (
                        f"{plan.name}: {words} ({', '.join(columns)})",
                        _alter(table, clause),
                    )
                )
    for plan in catalogue.tables.values():
        for key in plan.foreign_keys:
            if not state.has_foreign(plan.name, key):
                table = sql.Identifier(schema, plan.name)
                what = f"{plan.name}: foreign key ({', '.join(key.columns)}) to {key.to_table}"
                statements.append((what, _alter(table, _references(schema, key))))
    for what, statement in statements:
        try:
            with setting(build_id, what), connection.transaction():
                connection.execute(statement)
            added += 1
        except NOT_ALLOWED:
            lacking.append(what)
    return added, lacking


def _alter(table: sql.Identifier, clause: sql.Composed) -> sql.Composed:
    return sql.SQL("alter table {} {}").format(table, clause)


def _names(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _references(schema: str, key: ForeignKey) -> sql.Composed:
    return sql.SQL("add foreign key ({}) references {} ({})").format(
        _names(key.columns),
        sql.Identifier(schema, key.to_table),
        _names(key.to_columns),
    )


def _comment(connection: psycopg.Connection[DictRow], schema: str, plan: TablePlan) -> None:
    table = sql.Identifier(schema, plan.name)
    connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(plan.description or None)))
    for column, text in plan.columns.items():
        name = sql.Identifier(schema, plan.name, column)
        connection.execute(sql.SQL("comment on column {} is {}").format(name, sql.Literal(text or None)))
