"""The installation that a backup is restored into: whether it is empty, and how far a restore has come.

The state is the comment of the database, so it changes in the same transaction as what it describes.
"""

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.settings import LOGIN_ROLES
from kvalitet.warehouse.admin import RESTORING

#: What a freshly prepared warehouse holds by itself.
_BY_ITSELF = ("public.kvalitet_migration", "audit.installation", "audit.lock")
_OWN_SCHEMAS = ("raw", "audit", "judged")
#: Work of somebody that is no table: views, foreign tables and functions, except those of an extension.
_DEFINED = """
with own as (
    select oid from pg_namespace where nspname not like 'pg\\_%%' and nspname <> 'information_schema'
        and nspname <> all(%(apart_from)s::text[])
), defined as (
    select 'pg_class'::regclass as kind, oid, relnamespace as schema_id, relname as name
    from pg_class where relkind in ('v', 'm', 'f')
    union all
    select 'pg_proc'::regclass, oid, pronamespace, proname from pg_proc
)
select distinct format('%%I.%%I', nspname, name) as name
from defined join pg_namespace on pg_namespace.oid = schema_id
where schema_id in (select oid from own) and not exists (
    select from pg_depend where classid = defined.kind and objid = defined.oid and deptype = 'e'
)
order by 1
"""


def state(server: psycopg.Connection[DictRow], database: str) -> str | None:
    """The state that a broken-off restore left on the database: `PHASE DIGEST`, or None."""
    row = server.execute(
        "select shobj_description(oid, 'pg_database') as comment from pg_database where datname = %s", [database]
    ).fetchone()
    comment: str = row["comment"] or "" if row else ""
    return comment.removeprefix(RESTORING) if comment.startswith(RESTORING) else None


def is_there(server: psycopg.Connection[DictRow], database: str) -> bool:
    return server.execute("select from pg_database where datname = %s", [database]).fetchone() is not None


def set_state(connection: psycopg.Connection[DictRow], database: str, said: str | None) -> None:
    connection.execute(mark(database, said))


def mark(database: str, said: str | None) -> sql.Composed:
    comment = sql.Literal(RESTORING + said) if said else sql.SQL("null")
    return sql.SQL("comment on database {} is {}").format(sql.Identifier(database), comment)


def refuse_unless_empty(warehouse: psycopg.Connection[DictRow], database: str) -> None:
    """Raises KvalitetError that names the tables with rows, the views and functions of others, and who is connected."""
    filled = [name for name in _tables(warehouse) if has_rows(warehouse, name)]
    others = defined(warehouse, apart_from=_OWN_SCHEMAS)
    if filled or others:
        said = [f"there are rows in {_some(filled)}"] if filled else []
        said += [f"there are views or functions of others: {_some(others)}"] if others else []
        raise KvalitetError(
            f"The database {database} is not empty: {', and '.join(said)}.",
            "A backup is restored into an empty installation only: name another database or server, or remove this one"
            " (`make clean`; `docker compose down --volumes`) when nothing in it is needed any more.",
        )
    refuse_if_in_use(warehouse, database)


def refuse_if_in_use(connection: psycopg.Connection[DictRow], database: str) -> None:
    """Raises KvalitetError where others are connected to the database."""
    others = connection.execute(
        "select distinct usename::text as role from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        " and backend_type = 'client backend' order by 1",
        [database],
    ).fetchall()
    if others:
        roles = ", ".join(row["role"] for row in others)
        raise KvalitetError(
            f"The database {database} is in use by {roles}.",
            "End what runs first: `kvalitet down`, then `kvalitet up --without-airflow`; in Docker, stop all services"
            " but `postgres`.",
        )


def emptying(warehouse: psycopg.Connection[DictRow], database: str) -> sql.Composed:
    """The SQL that clears an empty installation, and closes it to every role, in the restore's own transaction.

    It looks once more for rows, because a night may have begun since.
    """
    names = [sql.SQL(name) for name in _tables(warehouse)]  # type: ignore[arg-type]  # quoted by the server
    schemas = [
        row["name"]
        for row in warehouse.execute(
            "select nspname::text as name from pg_namespace where nspname not like 'pg\\_%%'"
            " and nspname not in ('information_schema', 'public') order by 1"
        ).fetchall()
    ]
    parts: list[sql.Composable] = [sql.SQL("set lock_timeout = '30s'")]
    if names:
        parts.append(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(names)))
        rows = sql.SQL(" or ").join(sql.SQL("exists (select from {})").format(name) for name in names)
        parts.append(
            sql.SQL(
                "do $$ begin if {} then raise exception 'the database is not empty any more'; end if; end $$"
            ).format(rows)
        )
    parts += [sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)) for schema in schemas]
    parts.append(sql.SQL("drop table if exists public.kvalitet_migration"))
    roles = sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES))
    parts.append(sql.SQL("revoke all on database {} from public, {}").format(sql.Identifier(database), roles))
    return sql.SQL(";\n").join(parts)


def _tables(connection: psycopg.Connection[DictRow]) -> list[str]:
    return sorted(all_tables(connection) - set(_BY_ITSELF))


def all_tables(connection: psycopg.Connection[DictRow]) -> set[str]:
    """The names of a database's own tables, each with its schema and quoted where necessary."""
    rows = connection.execute(
        "select format('%I.%I', nspname, relname) as name from pg_class join pg_namespace on pg_namespace.oid ="
        " relnamespace where relkind in ('r', 'p') and nspname not like 'pg\\_%' and nspname <> 'information_schema'"
    ).fetchall()
    return {row["name"] for row in rows}


def defined(connection: psycopg.Connection[DictRow], apart_from: Sequence[str] = ()) -> list[str]:
    """The views, foreign tables and functions in a database's other own schemas, named as `all_tables` does."""
    rows = connection.execute(_DEFINED, {"apart_from": list(apart_from)}).fetchall()
    return [row["name"] for row in rows]


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def has_rows(connection: psycopg.Connection[DictRow], table: str) -> bool:
    """Whether a table, named as `all_tables` does, has a row."""
    row = connection.execute(sql.SQL("select exists (select from {}) as is_filled").format(sql.SQL(table))).fetchone()  # type: ignore[arg-type]
    return bool(row and row["is_filled"])
