"""Lists where persons are in the warehouse, and gives the admin's connection that may change them there.

No role used at run time may change a row of raw, so erasing and re-keying take the admin's credential.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.build.builds import LIVE
from kvalitet.contracts import Contract, Table, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.settings.address import ACTING_PATH
from kvalitet.warehouse import server
from kvalitet.warehouse.build_schemas import OWNER
from kvalitet.warehouse.connection import admin_not_reached
from kvalitet.warehouse.locks import stop_extractions


@dataclass(frozen=True)
class PersonTable:
    """A raw table with persons in it. `sensitive` are the columns that are landed for a stated reason."""

    contract: Contract
    table: Table
    columns: tuple[str, ...]
    sensitive: tuple[str, ...]


def person_tables(settings: Settings) -> list[PersonTable]:
    """Every contracted table that has a column of persons.

    Raises KvalitetError where a contract cannot be used, since it is not known then where its persons are.
    """
    found = []
    contracts = load_contracts(settings).values()
    if unclear := [contract.id for contract in contracts if contract.problems]:
        raise KvalitetError(
            f"Where persons are is not known while these contracts have problems: {', '.join(unclear)}.",
            "Mend them (`kvalitet contract FILE` says what is wrong), then do this again.",
        )
    for contract in contracts:
        for table in contract.tables.values():
            landed = [column for column in table.columns if column.is_landed]
            persons = tuple(column.name for column in landed if column.classification == "personal")
            sensitive = tuple(column.name for column in landed if column.classification == "sensitive")
            if persons:
                found.append(PersonTable(contract, table, persons, sensitive))
    return found


def made_tables(connection: psycopg.Connection[DictRow], places: list[PersonTable]) -> list[PersonTable]:
    """The tables that exist in the warehouse. Those of a new contract are made by the next `kvalitet migrate`."""
    rows = connection.execute(
        "select relname::text as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = 'raw'"
    ).fetchall()
    names = {row["name"] for row in rows}
    return [place for place in places if place.table.raw_name in names]


@contextmanager
def changing(settings: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """The admin's connection, in one transaction during which nobody takes rows in.

    Raises KvalitetError where there is no such credential, or a build or an extraction is under way.
    """
    url = server.admin_url(settings, settings.database)
    try:
        opened = psycopg.Connection[DictRow].connect(url, row_factory=dict_row, options=ACTING_PATH, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise admin_not_reached(settings.server, error) from None
    with opened as connection:
        connection.execute("set local timezone = 'UTC'")
        stop_extractions(connection)
        build = connection.execute(
            "select build_id, owner from audit.build where status = any(%s) limit 1", [list(LIVE)]
        ).fetchone()
        if build:
            raise KvalitetError(
                f"Build {build['build_id']} of {build['owner']} is under way and reads these rows.",
                "Wait for it to end; `kvalitet status` shows it.",
            )
        yield connection


@dataclass(frozen=True)
class BuiltColumn:
    """A person's column in a table that a build made. `is_builders`: the table belongs to the builder."""

    schema: str
    table: str
    column: str
    is_builders: bool


def built_columns(connection: psycopg.Connection[DictRow], names: set[str]) -> list[BuiltColumn]:
    """The builds' own tables that hold a person's column of one of these names.

    A table that belongs to the builder is changed as the builder. Otherwise, a trigger on it would run as the admin.
    """
    rows = connection.execute(
        "select n.nspname::text as schema_name, c.relname::text as table_name, a.attname::text as column_name,"
        " pg_get_userbyid(c.relowner) = any(%s) as is_builders"
        " from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on"
        " n.oid = c.relnamespace where c.relkind in ('r', 'p') and a.attname = any(%s) and not a.attisdropped"
        " and n.nspname not in ('raw', 'audit', 'pg_catalog', 'information_schema') order by 1, 2, 3",
        [[TRANSFORMER, OWNER], sorted(names)],
    ).fetchall()
    return [BuiltColumn(row["schema_name"], row["table_name"], row["column_name"], row["is_builders"]) for row in rows]
