"""Spoils a finished candidate as a wrong rule or a wrong join after intake would have left it."""

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from kvalitet.build.builds import CANDIDATE
from kvalitet.errors import KvalitetError
from kvalitet.mutation.delivered import statements
from kvalitet.mutation.registry import SHARES, Mutation, Size

_TABLES = """
select c.relname::text as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind = 'r'
"""
_CONSTRAINTS = """
select k.conrelid::regclass::text as table_name, quote_ident(k.conname) as name
from pg_constraint as k join pg_class as c on c.oid = k.conrelid
where c.relnamespace = %(schema)s::regnamespace and k.contype in ('f', 'u', 'p')
  and (c.relname = any(%(tables)s) or k.confrelid = any(select oid from pg_class
       where relnamespace = %(schema)s::regnamespace and relname = any(%(tables)s)))
order by k.contype = 'f' desc
"""
_REQUIRED = """
select c.oid::regclass::text as table_name, quote_ident(a.attname) as name
from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and a.attnotnull
where c.relnamespace = %(schema)s::regnamespace and c.relname = any(%(tables)s)
"""
_PICK = """
create temporary table picked as
select place, number from (
    select t.ctid as place, row_number() over (order by md5(t::text)) as number from {table} as t where {where}
) as numbered where number <= greatest(1, round({share} * (select count(*) from {table} as t where {where})))
"""


@dataclass(frozen=True)
class Spoilt:
    """`rows` of the `among` changeable rows were changed. `tables` are those that the mutation names."""

    rows: int
    among: int
    tables: tuple[str, ...]


def spoil(admin: psycopg.Connection, mutation: Mutation, size: Size) -> Spoilt:
    """Apply a candidate mutation in the caller's transaction.

    Keys and not-null rules of the tables it touches are dropped, because in a build they apply only once the models
    have run. The finishing step tries to put them back, as it does after a build. Which rows are picked depends only on
    their contents. Raises KvalitetError where the mutation changes nothing.
    """
    assert mutation.sql and mutation.rows
    touched = _loosen(admin, mutation.id, mutation.rows.table, mutation.sql)
    admin.execute("drop table if exists picked")
    pick = sql.SQL(_PICK).format(
        table=sql.Identifier(CANDIDATE, mutation.rows.table),
        where=sql.SQL(mutation.rows.where),  # type: ignore[arg-type] (the project's own file, as the suites are)
        share=sql.Literal(SHARES[size]),
    )
    picked = admin.execute(pick).rowcount
    among = admin.execute(
        sql.SQL("select count(*) from {} as t where {}").format(
            sql.Identifier(CANDIDATE, mutation.rows.table),
            sql.SQL(mutation.rows.where),  # type: ignore[arg-type]
        )
    ).fetchone()
    if not (picked and _run(admin, mutation.sql)):
        raise KvalitetError(
            f"The mutation {mutation.id} ({size}) changes nothing.", "Mend its rows or its sql in mutations.yaml."
        )
    return Spoilt(picked, among[0] if among else 0, tuple(touched))


def spoil_whole(admin: psycopg.Connection, name: str, table: str, text: str) -> None:
    """The same for the SQL `text` of the incident `name`, which chooses its rows itself."""
    _loosen(admin, name, table, text)
    if not _run(admin, text):
        raise KvalitetError(f"The incident {name} changes nothing.", "Mend its sql.")


def _loosen(admin: psycopg.Connection, name: str, table: str, text: str) -> list[str]:
    """Drop keys and not-null rules of the tables that the SQL `text` names, `table` among them. Returns the tables.

    They are tables of the candidate, or of the build's record.
    """
    admin.execute(sql.SQL("set local search_path to {}, public").format(sql.Identifier(CANDIDATE)))
    known = {found for (found,) in admin.execute(_TABLES, [[CANDIDATE, "audit"]])}
    if table not in known:
        raise KvalitetError(f"{name} is about {table}, which the candidate lacks.", "Name another table.")
    touched = sorted(known & (set(re.findall(r"\w+", text)) | {table}))
    parameters = {"schema": CANDIDATE, "tables": touched}
    for owner, constraint in admin.execute(_CONSTRAINTS, parameters).fetchall():
        admin.execute(f"alter table {owner} drop constraint {constraint}")  # type: ignore[arg-type] (the catalogue's own names)
    for owner, column in admin.execute(_REQUIRED, parameters).fetchall():
        admin.execute(f"alter table {owner} alter column {column} drop not null")  # type: ignore[arg-type]
    return touched


def _run(admin: psycopg.Connection, text: str) -> int:
    """Run the statements. Returns how many rows they changed."""
    return sum(max(admin.execute(statement.encode()).rowcount, 0) for statement in statements(text))
