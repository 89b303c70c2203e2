"""What only the admin may do: roles, the database, migrations, and raw tables from contracts.

No task of a night has the admin's credential; `kvalitet up` and `kvalitet migrate` do.
"""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from kvalitet.contracts import Contract, Table, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.evidence.signing import make_key
from kvalitet.landing import make_keys
from kvalitet.persons.journal import begin_journal
from kvalitet.settings import (
    AUDITOR,
    BI,
    DETAIL,
    GATE,
    LOADER,
    LOGIN_ROLES,
    PUBLISHER,
    READER_ROLES,
    TRANSFORMER,
    Settings,
    write_secret,
)

#: A database's comment begins so while a restore of it is unfinished; what follows says how far it is.
RESTORING = "kvalitet restore: "
MINIMUM_VERSION = 150000
OWNERS = ("kvalitet_raw_owner", "kvalitet_audit_owner", "kvalitet_candidate_owner", "kvalitet_publication_owner")
GROUPS = ("kvalitet_detail_reader",)
MEMBERSHIPS = {
    "kvalitet_candidate_owner": (TRANSFORMER, PUBLISHER),
    "kvalitet_publication_owner": (PUBLISHER,),
    "kvalitet_detail_reader": (DETAIL,),
    "pg_signal_backend": (PUBLISHER,),
    "pg_read_all_stats": (PUBLISHER,),
}
#: Readers cannot hold the old publication for ever; publishing waits for them (docs/for-bi-users.md).
READER_LIMITS = {"statement_timeout": "5min", "idle_in_transaction_session_timeout": "2min"}
RAW_TYPES = {
    "string": sql.SQL("text"),
    "date": sql.SQL("date"),
    "timestamp": sql.SQL("timestamptz"),
    "number": sql.SQL("numeric"),
    "integer": sql.SQL("bigint"),
    "boolean": sql.SQL("boolean"),
}


def prepare(settings: Settings, admin_url: str) -> list[str]:
    """Make or bring up to date everything the warehouse needs; safe to run any number of times.

    `admin_url` is a superuser's libpq URL of any database on the server. Returns the raw tables
    and columns that were added. Raises KvalitetError on an old server or a contract whose column
    changed its type.
    """
    write_secret(settings.secrets_dir / "pseudonym.key", secrets.token_hex(32))
    make_key(settings)
    make_keys(settings)
    make_roles_and_database(settings, admin_url)
    with psycopg.connect(admin_url, dbname=settings.database) as warehouse:
        _refuse_half_restored(warehouse)
    return open_warehouse(settings, admin_url)


def make_roles_and_database(settings: Settings, admin_url: str) -> None:
    """The roles with this installation's passwords, and an empty database where there is none."""
    with psycopg.connect(admin_url, autocommit=True) as server:
        if server.info.server_version < MINIMUM_VERSION:
            raise KvalitetError(
                f"The server at {settings.server} is Postgres {server.info.server_version // 10000}.",
                "Kvalitet needs Postgres 15 or newer.",
            )
        _make_roles(settings, server)
        _make_database(server, settings.database)


def open_warehouse(settings: Settings, admin_url: str) -> list[str]:
    """Rights on the database, migrations and raw tables; returns what was added to raw."""
    with psycopg.connect(admin_url, dbname=settings.database) as warehouse:
        _grant_database(warehouse, settings.database)
    migrate_schema(settings, admin_url)
    with psycopg.connect(admin_url, dbname=settings.database) as warehouse:
        row = warehouse.execute("select installation_id from audit.installation").fetchone()
        with suppress(KvalitetError):  # where it cannot be written, an erasure is refused and says so
            begin_journal(settings, str(row and row[0]))
        return sync_raw_tables(warehouse, load_contracts(settings).values())


def _refuse_half_restored(warehouse: psycopg.Connection) -> None:
    row = warehouse.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
    ).fetchone()
    if row and row[0] and row[0].startswith(RESTORING):
        raise KvalitetError(
            "A restore of this database was broken off.", "Run the same `kvalitet restore` again: it goes on."
        )


def _make_roles(settings: Settings, server: psycopg.Connection) -> None:
    existing = {name for (name,) in server.execute("select rolname from pg_roles")}
    for role in (*OWNERS, *GROUPS):
        if role not in existing:
            server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    for role in LOGIN_ROLES:
        if role not in existing:
            server.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
        password = write_secret(settings.secrets_dir / role)
        # The client sends a SCRAM verifier, so that the server's log can never hold the password.
        verifier = server.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        server.execute(
            sql.SQL("alter role {} password {} nosuperuser nocreatedb nocreaterole").format(
                sql.Identifier(role), sql.Literal(verifier)
            )
        )
    for group, members in MEMBERSHIPS.items():
        for member in members:
            server.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(member)))
    for role in READER_ROLES:
        for setting, value in READER_LIMITS.items():
            server.execute(
                sql.SQL("alter role {} set {} = {}").format(
                    sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
                )
            )
    for role in (BI, AUDITOR):
        server.execute(sql.SQL("alter role {} set search_path = reporting").format(sql.Identifier(role)))
    server.execute(
        sql.SQL("alter role {} set search_path = reporting_detail, reporting").format(sql.Identifier(DETAIL))
    )


def _make_database(server: psycopg.Connection, database: str) -> None:
    if not server.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
        server.execute(
            sql.SQL("create database {} template template0 encoding 'UTF8'").format(sql.Identifier(database))
        )


def _grant_database(warehouse: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    warehouse.execute(sql.SQL("revoke all on database {} from public").format(name))
    warehouse.execute("revoke all on schema public from public")
    for role in LOGIN_ROLES:
        warehouse.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(role)))
    # Only loading needs temporary tables; building and publishing make and rename schemas.
    warehouse.execute(sql.SQL("grant temporary on database {} to {}").format(name, sql.Identifier(LOADER)))
    for role in (GATE, TRANSFORMER):
        warehouse.execute(sql.SQL("grant temporary on database {} to {}").format(name, sql.Identifier(role)))
    for owner in ("kvalitet_candidate_owner", "kvalitet_publication_owner"):
        warehouse.execute(sql.SQL("grant create on database {} to {}").format(name, sql.Identifier(owner)))


def migrate_schema(settings: Settings, admin_url: str) -> None:
    """Bring the schemas up to this code, in one transaction. Raises KvalitetError where they are of newer code."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import NullPool, create_engine

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(admin_url, dbname=settings.database),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise KvalitetError(
                f"The warehouse was migrated by newer code than this: {error}.",
                "Run that code again, or restore the backup that was taken before the upgrade.",
            ) from None


def sync_raw_tables(warehouse: psycopg.Connection, contracts: Iterable[Contract]) -> list[str]:
    """Give every contracted table its raw table; returns what was added, e.g. `raw.a__b.column`.

    A column that a contract no longer names stays, with its history. Raises KvalitetError where
    a column's type would change: that takes a migration with a decision about the old values.
    """
    added: list[str] = []
    warehouse.execute("set local role kvalitet_raw_owner")
    for contract in contracts:
        if contract.problems:
            continue
        for table in contract.tables.values():
            added += _sync_raw_table(warehouse, table)
    warehouse.execute("reset role")
    return added


def _sync_raw_table(warehouse: psycopg.Connection, table: Table) -> list[str]:
    name = sql.Identifier("raw", table.raw_name)
    wanted = {column: RAW_TYPES[logical_type] for column, logical_type in table.raw_columns().items()}
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
