"""The finishing step: what dbt leaves out of a freshly built schema. Safe to run any number of times.

Keys, comments, the gate's rights, policies on row-level facts, views for named readers, statistics.
Readers get no right here: publishing gives it to them, from the table `table_reader`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.publication.catalogue import (
    CENTRE_COLUMN,
    DETAIL_SUFFIX,
    GROUP_OF_READER,
    READER_TABLE,
    Catalogue,
    ForeignKey,
    TablePlan,
    manifest_path,
    read_catalogue,
    state_of,
)
from kvalitet.settings import AUDITOR, GATE, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

OWNER = "kvalitet_candidate_owner"

_POLICY = """
drop policy if exists by_centre on {table};
drop policy if exists gate on {table};
drop policy if exists auditor on {table};
create policy by_centre on {table} for select to {detail}
    using ({centre} in (select audit.centres_of_reader()));
create policy gate on {table} for select to {gate} using (true);
alter table {table} enable row level security;
"""


@dataclass(frozen=True)
class FinishResult:
    """Counts of tables finished and keys added; `lacking` are the keys that the data does not allow."""

    tables: int
    keys_added: int
    lacking: tuple[str, ...]


def finish_candidate(settings: Settings, build_id: int, manifest: Path | None = None) -> FinishResult:
    """Finish the schema that build `build_id` filled, as its manifest declares it.

    A key that the data does not allow is left out and named in `lacking`: the gate, whose suites
    count the rows at fault, then holds the build back. Raises KvalitetError where the build or
    one of its tables is not there.
    """
    catalogue = read_catalogue(manifest or manifest_path(settings))
    with connect(settings, TRANSFORMER) as connection:
        schema = _target(connection, build_id)
        connection.execute("set local lock_timeout = '10s'")
        state = state_of(connection, schema)
        if absent := sorted(catalogue.tables.keys() - state.tables):
            raise KvalitetError(
                f"Build {build_id} lacks {', '.join(absent)} in {schema}.",
                "Run its layers star and reports first.",
            )
        for (
            name
        ) in catalogue.tables:  # dbt makes them as the transformer, whose rights on raw no reader's view may borrow
            connection.execute(
                sql.SQL("alter table {} owner to {}").format(sql.Identifier(schema, name), sql.Identifier(OWNER))
            )
        added, lacking = _add_keys(connection, schema, catalogue)
        for plan in catalogue.tables.values():
            _comment(connection, schema, plan)
            _protect(connection, schema, plan)
        _list_readers(connection, schema, catalogue)
        _grant_gate(connection, schema)
        connection.commit()
        # Built once and never written again: one vacuum now, and none in the way of publishing.
        connection.autocommit = True
        for name in [*catalogue.tables, READER_TABLE]:
            table = sql.Identifier(schema, name)
            if _relkind(connection, schema, name) == "r":
                connection.execute(
                    sql.SQL("alter table {} set (autovacuum_enabled = false, toast.autovacuum_enabled = false)").format(
                        table
                    )
                )
                connection.execute(sql.SQL("vacuum (analyze) {}").format(table))
    return FinishResult(len(catalogue.tables), added, tuple(lacking))


def _relkind(connection: psycopg.Connection[DictRow], schema: str, name: str) -> str:
    """The `relkind` of a relation: r table, v view, m materialized view."""
    row = connection.execute(
        "select relkind::text as kind from pg_class where relnamespace = to_regnamespace(%s) and relname = %s",
        [schema, name],
    ).fetchone()
    return row["kind"] if row else ""


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


def _add_keys(connection: psycopg.Connection[DictRow], schema: str, catalogue: Catalogue) -> tuple[int, list[str]]:
    """Add what is missing: not null and own keys of all tables first, since foreign keys rest on them."""
    state, lacking, added = state_of(connection, schema), [], 0
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
            with connection.transaction():
                connection.execute(statement)
            added += 1
        except (errors.IntegrityError, errors.InvalidForeignKey):
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
    kinds: dict[str, LiteralString] = {"v": "view", "m": "materialized view"}
    kind = kinds.get(_relkind(connection, schema, plan.name), "table")
    table = sql.Identifier(schema, plan.name)
    connection.execute(
        sql.SQL("comment on {} {} is {}").format(sql.SQL(kind), table, sql.Literal(plan.description or None))
    )
    for column, text in plan.columns.items():
        name = sql.Identifier(schema, plan.name, column)
        connection.execute(sql.SQL("comment on column {} is {}").format(name, sql.Literal(text or None)))


def _protect(connection: psycopg.Connection[DictRow], schema: str, plan: TablePlan) -> None:
    """Row-level facts: only rows of a reader's own centres, through a view that runs with the reader's rights."""
    if not plan.is_row_level:
        return
    table, view = (
        sql.Identifier(schema, plan.name),
        sql.Identifier(schema + DETAIL_SUFFIX, plan.name),
    )
    connection.execute(
        sql.SQL(_POLICY).format(
            table=table,
            centre=sql.Identifier(CENTRE_COLUMN),
            detail=sql.Identifier(GROUP_OF_READER["detail"]),
            gate=sql.Identifier(GATE),
        )
    )
    if "auditor" in plan.readers:
        connection.execute(
            sql.SQL("create policy auditor on {} for select to {} using (true)").format(table, sql.Identifier(AUDITOR))
        )
    if "detail" not in plan.readers:
        return
    owner = sql.Identifier(OWNER)
    place = sql.Identifier(schema + DETAIL_SUFFIX)
    connection.execute(sql.SQL("create schema if not exists {} authorization {}").format(place, owner))
    connection.execute(
        sql.SQL("create or replace view {} with (security_invoker = true) as select {} from {}").format(
            view, _names(tuple(plan.columns)), table
        )
    )
    connection.execute(sql.SQL("alter view {} owner to {}").format(view, owner))
    connection.execute(sql.SQL("comment on view {} is {}").format(view, sql.Literal(plan.description or None)))


def _list_readers(connection: psycopg.Connection[DictRow], schema: str, catalogue: Catalogue) -> None:
    """The schema carries who may read it, so that a rollback restores the rights of its own time."""
    table = sql.Identifier(schema, READER_TABLE)
    connection.execute(
        sql.SQL(
            "create table if not exists {table} (table_name text, reader text, primary key (table_name, reader));"
            " comment on table {table} is 'One row per table and kind of reader that may read it.';"
            " alter table {table} owner to {owner};"
            " delete from {table}"
        ).format(table=table, owner=sql.Identifier(OWNER))
    )
    rows = [(plan.name, reader) for plan in catalogue.tables.values() for reader in plan.readers]
    rows.append((READER_TABLE, "auditor"))
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values (%s, %s) on conflict do nothing").format(table),
            [row for row in rows if row[1] in GROUP_OF_READER],
        )


def _grant_gate(connection: psycopg.Connection[DictRow], schema: str) -> None:
    """The gate reads all of it; whatever a reader was granted by mistake is taken back until publishing."""
    readers = sql.SQL(", ").join(map(sql.Identifier, GROUP_OF_READER.values()))
    for place in (schema, schema + DETAIL_SUFFIX):
        exists = connection.execute("select to_regnamespace(%s) is not null as is_there", [place]).fetchone()
        if exists and exists["is_there"]:
            name, gate = sql.Identifier(place), sql.Identifier(GATE)
            connection.execute(sql.SQL("revoke all on schema {} from public, {}").format(name, readers))
            connection.execute(sql.SQL("revoke all on all tables in schema {} from public, {}").format(name, readers))
            connection.execute(sql.SQL("grant usage on schema {} to {}").format(name, gate))
            connection.execute(sql.SQL("grant select on all tables in schema {} to {}").format(name, gate))
