"""The raw tables that the contracts name, made and widened by the admin."""

from collections.abc import Iterable
from typing import LiteralString

import psycopg
from psycopg import sql

from kvalitet.contracts import Contract, Table
from kvalitet.contracts.model import POSTGRES_TYPES
from kvalitet.errors import KvalitetError
from kvalitet.settings import LOADER, RULES

RAW_TYPES = {logical_type: sql.SQL(kind) for logical_type, kind in POSTGRES_TYPES.items()}


def in_load(load: sql.Composable, alias: LiteralString = "") -> sql.Composed:
    """Whether a version of a row was open when a load had been taken in; `alias` is that of raw, with its dot.

    dbt's macro `is_in_load` says the same.
    """
    condition = sql.SQL("{0}valid_from_load <= {1} and ({0}valid_to_load is null or {0}valid_to_load > {1})")
    return condition.format(sql.SQL(alias), load)


def sync_raw_tables(warehouse: psycopg.Connection, contracts: Iterable[Contract]) -> list[str]:
    """Give every contracted table its raw table. Returns what was added, e.g. `raw.a__b.column`.

    A column that a contract no longer names stays, with its history. Raises KvalitetError where a column's type would
    change, which takes a migration with a decision about the old values.
    """
    added: list[str] = []
    warehouse.execute("set local role kvalitet_raw_owner")
    for contract in contracts:
        if contract.problems:
            continue
        for table in contract.tables.values():
            added += _sync_raw_table(warehouse, table)
            _show_to_rules(warehouse, table)
    warehouse.execute("reset role")
    return added


def _sync_raw_table(warehouse: psycopg.Connection, table: Table) -> list[str]:
    name = sql.Identifier("raw", table.raw_name)
    wanted = {column: RAW_TYPES[logical_type] for column, logical_type in table.raw_columns().items()}
    if table.is_increment:
        wanted["stated_on"] = RAW_TYPES["date"]  # the cut-off that stated it
    present = dict(
        warehouse.execute(
            "select column_name::text, case udt_name when 'int8' then 'bigint' when 'bool' then 'boolean'"
            " else udt_name::text end from information_schema.columns"
            " where table_schema = 'raw' and table_name = %s",
            [table.raw_name],
        ).fetchall()
    )
    if not present:
        definitions = [sql.SQL("{} {}").format(sql.Identifier(c), t) for c, t in wanted.items()]
        warehouse.execute(
            sql.SQL(
                "create table {} ({}, row_hash text not null, valid_from_load bigint not null, valid_to_load bigint)"
            ).format(name, sql.SQL(", ").join(definitions))
        )
        warehouse.execute(sql.SQL("grant update (valid_to_load) on {} to {}").format(name, sql.Identifier(LOADER)))
        return [f"raw.{table.raw_name}"]
    added = []
    for column, column_type in wanted.items():
        if column not in present:
            warehouse.execute(
                sql.SQL("alter table {} add column {} {}").format(name, sql.Identifier(column), column_type)
            )
            added.append(f"raw.{table.raw_name}.{column}")
        elif present[column] != column_type.as_string(None):
            agreed = column_type.as_string(None)
            raise KvalitetError(
                f"The contract makes raw.{table.raw_name}.{column} {agreed}; the table has {present[column]}.",
                "Give the column a new name, or write a migration that says what becomes of the old values.",
            )
    return added


def _show_to_rules(warehouse: psycopg.Connection, table: Table) -> None:
    """Create the table's view in `judged`. It shows only the rows of the load that the gate has set for the session.

    The view is a security barrier, so that a rule's condition never sees a row outside it.
    """
    view = sql.Identifier("judged", table.raw_name)
    warehouse.execute(sql.SQL("drop view if exists {}").format(view))
    warehouse.execute(
        sql.SQL(
            "create view {view} with (security_barrier) as select {columns} from judged.session as may_see"
            " join raw.{raw} as r on {in_load}"
            " where may_see.backend_pid = pg_backend_pid() and may_see.source_id = {source}"
        ).format(
            view=view,
            columns=sql.SQL(", ").join(sql.Identifier("r", name) for name in table.raw_columns()),
            raw=sql.Identifier(table.raw_name),
            in_load=in_load(sql.SQL("may_see.load_id"), "r."),
            source=sql.Literal(table.source_id),
        )
    )
    warehouse.execute(sql.SQL("grant select on {} to {}").format(view, sql.Identifier(RULES)))
