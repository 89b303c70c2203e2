"""What a database holds, in a form in which two databases can be compared."""

import hashlib

import psycopg
from psycopg import sql

from kvalitet.backup.making import WORKING_SCHEMAS
from kvalitet.backup.programs import programs_for, run

#: The restore itself writes these.
OWN = {"audit.restore", "public.kvalitet_migration"}


def catalogue(url: str) -> list[str]:
    """Tables, keys, comments, owners, rights, policies, functions and default rights, as pg_dump states them."""
    excluded = [f"--exclude-schema={schema}" for schema in WORKING_SCHEMAS]
    text = run(
        programs_for(15), "pg_dump", ["--schema-only", "--exclude-table=public.kvalitet_migration", *excluded], url
    )
    return [line for line in text.splitlines() if not line.startswith((r"\restrict", r"\unrestrict", "-- Dumped"))]


def database_rights(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select a.grantee::regrole::text, a.privilege_type from pg_database, aclexplode(datacl) as a"
            " where datname = current_database() and a.grantee <> datdba order by 1, 2"
        ).fetchall()
    return [f"{role} {right}" for role, right in rows]


def contents(url: str) -> dict[str, str]:
    """A digest of the rows of every table, and the last value of every sequence."""
    found = {}
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
            " and schemaname not like all(%s) order by schemaname, tablename",
            [[schema.replace("_*", "\\_%") for schema in WORKING_SCHEMAS]],
        ).fetchall():
            if f"{schema}.{table}" in OWN:
                continue
            query = sql.SQL("select t::text from {} as t order by 1").format(sql.Identifier(schema, table))
            rows = "\n".join(row for (row,) in connection.execute(query))
            found[f"{schema}.{table}"] = hashlib.sha256(rows.encode()).hexdigest()
        for schema, name, last in connection.execute(
            "select schemaname, sequencename, last_value from pg_sequences where sequencename not like 'restore%'"
            " order by schemaname, sequencename"
        ):
            found[f"{schema}.{name}"] = str(last)
    return found
