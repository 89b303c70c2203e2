"""The seal of a finished candidate: no builder can write to it any more, and nothing in it is executable.

A role that no build is a member of takes over schemas and tables, and makes the policies and views itself. It refuses
whatever else could run with the rights of those who judge, publish or read. Only the publisher writes later, and only
the publication's stamp. Killed at any instant, the seal can be run again and continues.
"""

import time
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.build.builds import LIVE, ClaimLost, application_name
from kvalitet.errors import KvalitetError
from kvalitet.publication.catalogue import (
    CENTRE_COLUMN,
    DETAIL_SUFFIX,
    GROUP_OF_READER,
    READER_TABLE,
    Catalogue,
    TablePlan,
)
from kvalitet.publication.schemas import OWNER, owner_of, take_over
from kvalitet.publication.setting import setting
from kvalitet.publication.strangers import Expected, policies_of, strangers
from kvalitet.settings import GATE, PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

#: How many seconds transactions from before the seal may go on. This build's own are ended after the first number.
OWN_SECONDS, OTHERS_SECONDS = 2.0, 60.0

_POLICY: dict[str, LiteralString] = {
    "by_centre": "create policy by_centre on {table} for select to {role}"
    " using ({centre} in (select audit.centres_of_reader()))",
    "gate": "create policy gate on {table} for select to {role} using (true)",
    "auditor": "create policy auditor on {table} for select to {role} using (true)",
}
#: Transactions whose changes become visible when they end, whatever was checked before.
_OLDER = """
select pid, application_name as name from pg_stat_activity
where usename = %(builder)s and datname = current_database() and xact_start <= %(sealed_at)s
union all
select 0, 'prepared transaction ' || gid from pg_prepared_xacts where database = current_database()
order by 1
"""


class NotSealed(KvalitetError):
    """Something in the candidate could be executed by its readers, or somebody still writes to it."""


def seal(settings: Settings, build_id: int, schema: str, catalogue: Catalogue) -> None:
    """Take the schemas of build `build_id` over, check them, and record that they are sealed.

    Raises NotSealed with what does not belong there, ClaimLost where the build is no longer live, NotSet or Locked
    where the database does not let something be set.
    """
    with connect(settings, PUBLISHER) as connection:
        build = connection.execute("select sealed_at from audit.build where build_id = %s", [build_id]).fetchone()
        if build and build["sealed_at"]:
            return
        connection.execute("set local lock_timeout = '10s'")
        if owner_of(connection, schema) != OWNER:
            refuse(build_id, strangers(connection, schema, Expected.built(catalogue)))
            with setting(build_id, f"the owner of {schema} and its tables"):
                take_over(connection, schema)
            for plan in catalogue.tables.values():
                with setting(build_id, f"the policies of {plan.name}"):
                    _protect(connection, schema, plan)
            with setting(build_id, f"the rights on {schema}"):
                _list_readers(connection, schema, catalogue)
                _let_the_gate_read(connection, schema)
            connection.commit()
        _wait_for_the_builder(connection, build_id)
        refuse(build_id, strangers(connection, schema, Expected.sealed(catalogue)))
        sealed = connection.execute(
            "update audit.build set sealed_at = clock_timestamp() where build_id = %s and status = any(%s)",
            [build_id, list(LIVE)],
        )
        if sealed.rowcount != 1:
            raise ClaimLost(f"Build {build_id} ended before it was sealed.", "Build anew: `kvalitet build`.")


def refuse(build_id: int, found: list[str]) -> None:
    """Raises NotSealed where anything was found that does not belong in the build's schemas."""
    if found:
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise NotSealed(
            f"Build {build_id} is not sealed. Its schemas hold what no model makes: {', '.join(found[:10])}{more}.",
            "Find out which model, macro or person made it, and build anew: `kvalitet build`.",
        )


def _wait_for_the_builder(connection: psycopg.Connection[DictRow], build_id: int) -> None:
    """Wait until no transaction is left that began when the schemas were still the builder's."""
    row = connection.execute("select clock_timestamp() as sealed_at").fetchone()
    assert row is not None
    parameters = {"builder": TRANSFORMER, **row}
    connection.commit()
    began = time.monotonic()
    while older := connection.execute(_OLDER, parameters).fetchall():
        connection.commit()
        waited = time.monotonic() - began
        if waited > OWN_SECONDS:
            for one in older:
                if one["name"] == application_name(build_id):
                    connection.execute("select pg_terminate_backend(%s)", [one["pid"]])
        if waited > OTHERS_SECONDS:
            named = ", ".join(f"{one['name']} (pid {one['pid']})" for one in older)
            raise NotSealed(
                f"Build {build_id} is not sealed: a transaction of {TRANSFORMER} is still open: {named}.",
                "Let it end, or end it as admin (`select pg_terminate_backend(pid)`), then try this step again.",
            )
        time.sleep(0.05)


def _protect(connection: psycopg.Connection[DictRow], schema: str, plan: TablePlan) -> None:
    """Protect row-level facts: readers see only rows of their own centres, by a view that runs with their rights."""
    if not plan.is_row_level:
        return
    table, view = sql.Identifier(schema, plan.name), sql.Identifier(schema + DETAIL_SUFFIX, plan.name)
    for policy, reader in policies_of(plan.readers).items():
        role = sql.Identifier(GROUP_OF_READER.get(reader, reader))
        connection.execute(
            sql.SQL(_POLICY[policy]).format(table=table, role=role, centre=sql.Identifier(CENTRE_COLUMN))
        )
    connection.execute(sql.SQL("alter table {} enable row level security").format(table))
    if "detail" in plan.readers:
        columns = sql.SQL(", ").join(map(sql.Identifier, plan.columns))
        connection.execute(
            sql.SQL("create view {} with (security_invoker = true) as select {} from {}").format(view, columns, table)
        )
        connection.execute(sql.SQL("alter view {} owner to {}").format(view, sql.Identifier(OWNER)))
        connection.execute(sql.SQL("comment on view {} is {}").format(view, sql.Literal(plan.description or None)))


def _list_readers(connection: psycopg.Connection[DictRow], schema: str, catalogue: Catalogue) -> None:
    """List in the schema who may read it, so that a rollback restores the rights of its own time."""
    table = sql.Identifier(schema, READER_TABLE)
    connection.execute(
        sql.SQL(
            "create table {table} (table_name text, reader text, primary key (table_name, reader))"
            " with (autovacuum_enabled = false);"
            " comment on table {table} is 'One row per table and kind of reader that may read it.';"
            " alter table {table} owner to {owner}"
        ).format(table=table, owner=sql.Identifier(OWNER))
    )
    rows = {(plan.name, reader) for plan in catalogue.tables.values() for reader in plan.readers}
    rows.add((READER_TABLE, "auditor"))
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values (%s, %s)").format(table),
            sorted(row for row in rows if row[1] in GROUP_OF_READER),
        )


def _let_the_gate_read(connection: psycopg.Connection[DictRow], schema: str) -> None:
    for place in (schema, schema + DETAIL_SUFFIX):
        name, gate = sql.Identifier(place), sql.Identifier(GATE)
        connection.execute(sql.SQL("grant usage on schema {} to {}").format(name, gate))
        connection.execute(sql.SQL("grant select on all tables in schema {} to {}").format(name, gate))
