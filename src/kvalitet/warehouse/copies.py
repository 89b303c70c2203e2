"""Copies a whole warehouse, for work that would spoil the original, on a server that is thrown away afterwards."""

import psycopg
from psycopg import sql


def copy_database(connection: psycopg.Connection, template: str, name: str) -> None:
    """Make database `name` from `template` with its rights and settings, through a superuser's autocommit connection.

    Ends all sessions on `template`, because Postgres copies only a database without sessions. Copies files, which
    takes a third of the time of the log's way where nothing waits for the disk.
    """
    identifier = sql.Identifier(name)
    connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [template])
    made = sql.SQL("create database {} template {} strategy file_copy")
    connection.execute(made.format(identifier, sql.Identifier(template)))
    # Postgres copies the contents, but neither the rights on the database itself nor its settings.
    connection.execute(sql.SQL("revoke all on database {} from public").format(identifier))
    rights = connection.execute(
        "select privilege_type, grantee::regrole::text from pg_database, aclexplode(datacl)"
        " where datname = %s and grantee <> 0 and grantee <> datdba",
        [template],
    )
    for right, role in rights.fetchall():
        connection.execute(
            sql.SQL("grant {} on database {} to {}").format(sql.SQL(right), identifier, sql.Identifier(role))
        )
    settings = connection.execute(
        "select unnest(setconfig) from pg_db_role_setting join pg_database on pg_database.oid = setdatabase"
        " where datname = %s and setrole = 0",
        [template],
    )
    for (setting,) in settings.fetchall():
        key, _, value = setting.partition("=")
        connection.execute(sql.SQL("alter database {} set {} to {}").format(identifier, sql.Identifier(key), value))


def without_waiting_for_the_disk(admin_url: str) -> None:
    """Turn off fsync, for a server whose data are thrown away, so that a loss in a power cut does not matter."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("alter system set fsync = off")
        admin.execute("alter system set full_page_writes = off")
        admin.execute("select pg_reload_conf()")
