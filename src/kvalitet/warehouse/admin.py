"""Steps that only the admin may take: roles, the database, rights and migrations.

No task of a night has the admin's credential, only `kvalitet up` and `kvalitet migrate` have it. The admin need not be
a superuser where a superuser has run `kvalitet admin-sql` (docs/own-postgres.md).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from kvalitet.errors import KvalitetError
from kvalitet.settings import LOADER, LOGIN_ROLES, Settings, write_secret
from kvalitet.settings.address import ACTING_PATH, Address
from kvalitet.warehouse.connection import admin_not_reached
from kvalitet.warehouse.readers import named_readers
from kvalitet.warehouse.right import Right, Section, put_in_force
from kvalitet.warehouse.rights import named_reader_limits, warehouse_rights

#: A database's comment begins with this while a restore of it is unfinished. The rest says how far the restore is.
RESTORING = "kvalitet restore: "
MINIMUM_VERSION = 150000
#: How long a migration waits for a session that reads a table, an auditor's for example.
MIGRATION_PATIENCE = "1min"
_IN_USE = """
select distinct a.pid, a.usename::text, a.application_name
from pg_locks as l join pg_class as c on c.oid = l.relation join pg_stat_activity as a on a.pid = l.pid
where l.granted and l.pid <> pg_backend_pid() and c.relnamespace in ('audit'::regnamespace, 'raw'::regnamespace)
    and l.database = (select oid from pg_database where datname = current_database())
"""
_ROLES_IN_USE = """
select distinct a.pid, a.usename::text from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
where l.granted and l.pid <> pg_backend_pid() and l.database = 0 and l.mode = 'RowExclusiveLock'
    and l.relation in ('pg_authid'::regclass, 'pg_db_role_setting'::regclass)
order by a.pid
"""


def make_roles_and_database(settings: Settings, admin_url: str) -> list[Right]:
    """Make the roles with this installation's passwords, and an empty database where there is none.

    Returns the rights that are lacking but can be done without. Raises KvalitetError as `prepare` does, and where the
    server's roles are another installation's.
    """
    with admin_connection(settings, admin_url) as server:
        if server.info.server_version < MINIMUM_VERSION:
            raise KvalitetError(
                f"The server at {settings.server} is Postgres {server.info.server_version // 10000}.",
                "Kvalitet needs Postgres 15 or newer.",
            )
        _refuse_others_roles(settings, server)
        sections = warehouse_rights(settings.database, migrator(server))
        server.execute("select set_config('lock_timeout', %s, false)", [MIGRATION_PATIENCE])
        try:
            lacking = put_all_in_force(settings, server, [one for one in sections if not one.opens_warehouse])
            lacking += put_all_in_force(settings, server, [named_reader_limits(named_readers(server))])
            for role in LOGIN_ROLES:
                set_password(settings, server, role, settings.database)
        except errors.LockNotAvailable:
            raise _roles_in_use(server) from None
    return lacking


def _roles_in_use(server: psycopg.Connection) -> KvalitetError:
    """The error that names the sessions which keep roles from being changed.

    Every role may change its own settings and password, and leave its transaction open.
    """
    rows = server.execute(_ROLES_IN_USE).fetchall()
    named = ", ".join(f"{role} (session {pid})" for pid, role in rows)
    return KvalitetError(
        f"Roles are not as they should be: for {MIGRATION_PATIENCE} one was being changed by"
        f" {named or 'a session that has ended'}.",
        "End it (`select pg_terminate_backend(pid)`), then run this again.",
    )


def _refuse_others_roles(settings: Settings, server: psycopg.Connection) -> None:
    """Raises KvalitetError where the roles belong to another installation.

    Roles are the whole server's, so making them anew would change the passwords of an installation beside this one.
    """
    row = server.execute(
        "select datname from pg_shdepend join pg_database on pg_database.oid = dbid"
        " join pg_roles on pg_roles.oid = refobjid where rolname = %s and datname <> %s limit 1",
        [LOADER, settings.database],
    ).fetchone()
    if row is None:
        return
    file = settings.secrets_dir / LOADER
    own = Address(settings.server, row[0], settings.tls, LOADER, file.read_text().strip() if file.is_file() else "")
    if not own.password or not _is_in_force(own):
        raise KvalitetError(
            f"The database {row[0]} on this server is another installation's, and its roles have other passwords.",
            "Use a server of its own: the roles are the whole server's. Where both databases are this installation's,"
            f" set {LOADER}'s password to that of {file} yourself, then run this again.",
        )


def refuse_half_restored(warehouse: psycopg.Connection) -> None:
    """Raises KvalitetError where the database's comment says that a restore of it is unfinished."""
    row = warehouse.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
    ).fetchone()
    if row and row[0] and row[0].startswith(RESTORING):
        raise KvalitetError(
            "A restore of this database was broken off.", "Run the same `kvalitet restore` again: it goes on."
        )


@contextmanager
def admin_connection(settings: Settings, url: str, database: str | None = None) -> Iterator[psycopg.Connection]:
    """The admin's connection in autocommit, to the URL's database or another. Raises KvalitetError."""
    conninfo = make_conninfo(url, dbname=database) if database else url
    try:
        connection = psycopg.connect(conninfo, options=ACTING_PATH, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise admin_not_reached(settings.server, error) from None
    with connection:
        yield connection


def migrator(server: psycopg.Connection) -> str | None:
    """The admin's own role. None where it is a superuser."""
    row = server.execute(
        "select case when rolsuper then null else rolname end from pg_roles where rolname = current_user"
    ).fetchone()
    return row[0] if row else None


def put_all_in_force(settings: Settings, connection: psycopg.Connection, sections: Iterable[Section]) -> list[Right]:
    """Set the rights that are not in force. Returns those that are lacking but can be done without.

    Raises KvalitetError where any other right is lacking.
    """
    lacking = put_in_force(connection, [right for section in sections for right in section.rights])
    needed = [right.statement for right in lacking if not right.without]
    if needed:
        shown = "; ".join(needed[:3]) + (f"; and {len(needed) - 3} more" if len(needed) > 3 else "")
        role = connection.info.user
        raise KvalitetError(
            f"At {settings.server} is not in force, and {role} may not set it: {shown}.",
            f"Have the server's administrator run what `kvalitet admin-sql --login {role}` prints.",
        )
    return lacking


def set_password(settings: Settings, server: psycopg.Connection, role: str, database: str) -> None:
    """Give `role` the password of its file, which is made where it does not exist.

    An admin who is no superuser sets only a password that is not in force, so that CREATEROLE can be taken away again.
    """
    password = write_secret(settings.secrets_dir / role)
    if migrator(server) and _is_in_force(Address(settings.server, database, settings.tls, role, password)):
        return
    # The client sends a SCRAM verifier, so that the server's log can never hold the password.
    verifier = server.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    try:
        server.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier)))
    except errors.InsufficientPrivilege:
        raise KvalitetError(
            f"{role} cannot log in at {settings.server} with the password of its file, and {server.info.user} may not"
            " set it.",
            f"Have the administrator run `alter role {server.info.user} createrole` for this once, or set it with"
            f" `\\password {role}` from {settings.secrets_dir / role}.",
        ) from None


def _is_in_force(address: Address) -> bool:
    """Whether the server asks for this password and accepts it."""
    try:
        with psycopg.connect(address.url(), connect_timeout=10) as connection:
            return connection.pgconn.used_password
    except psycopg.OperationalError:
        return False


def migrate_schema(settings: Settings, admin_url: str) -> None:
    """Bring the schemas up to this code, in one transaction.

    Raises KvalitetError where they are of newer code, or where a table stays in use, naming who uses it.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import OperationalError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(admin_url, dbname=settings.database, options=ACTING_PATH),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"set local lock_timeout = '{MIGRATION_PATIENCE}'")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise KvalitetError(
                f"The warehouse was migrated by newer code than this: {error}.",
                "Run that code again, or restore the backup that was taken before the upgrade.",
            ) from None
        except OperationalError as error:
            if not isinstance(error.orig, errors.LockNotAvailable):
                raise
            raise _tables_in_use(settings, admin_url) from None


def _tables_in_use(settings: Settings, admin_url: str) -> KvalitetError:
    with admin_connection(settings, admin_url, settings.database) as connection:
        rows = connection.execute(_IN_USE).fetchall()
    named = ", ".join(f"{role} (session {pid}, {application or 'unnamed'})" for pid, role, application in rows)
    return KvalitetError(
        f"Nothing was migrated: for {MIGRATION_PATIENCE} a table was in use by {named or 'a session that has ended'}.",
        "Let it end, or end it (`select pg_terminate_backend(pid)`), then run `kvalitet migrate` again.",
    )
