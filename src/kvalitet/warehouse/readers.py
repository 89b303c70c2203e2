"""Watches readers' sessions: what a role may change about itself is undone or reported here.

Every Postgres role may lift its own time limits for a session, and change its own defaults and password.
"""

import logging
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, BI, DETAIL, PUBLISHER, READER_ROLES, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.right import not_in_force
from kvalitet.warehouse.rights import DETAIL_READER, named_reader_limits, warehouse_rights

log = logging.getLogger(__name__)
#: So much more than rights.READER_LIMITS that a session which keeps those limits is never ended here.
STATEMENT_MINUTES, IDLE_MINUTES = 6, 3

_BEYOND = """
select a.pid, a.usename::text as role from pg_stat_activity as a join pg_roles as r on r.oid = a.usesysid
where a.backend_type = 'client backend' and not r.rolsuper and a.datname = current_database()
    and (a.usename = any(%(readers)s) or pg_has_role(a.usesysid, %(group)s, 'usage'))
    and (
        (a.state in ('active', 'fastpath function call') -- the second has no query_start
            and a.state_change < clock_timestamp() - make_interval(mins => %(statement)s))
        or (a.state like 'idle in transaction%%'
            and a.state_change < clock_timestamp() - make_interval(mins => %(idle)s))
    )
order by a.pid
"""


def end_beyond_limits(settings: Settings) -> list[str]:
    """End readers' sessions that exceed their time limits. Returns those ended, as `role (pid)`."""
    ended = []
    with connect(settings, PUBLISHER) as connection:
        connection.autocommit = True
        parameters = {
            "readers": list(READER_ROLES),
            "group": DETAIL_READER,
            "statement": STATEMENT_MINUTES,
            "idle": IDLE_MINUTES,
        }
        for row in connection.execute(_BEYOND, parameters).fetchall():
            try:
                connection.execute("select pg_terminate_backend(%s)", [row["pid"]])
            except errors.InsufficientPrivilege:
                continue  # `kvalitet status` reports that the publisher may not end sessions
            ended.append(f"{row['role']} ({row['pid']})")
    if ended:
        log.warning("Ended, because they went on beyond a reader's limits: %s.", ", ".join(ended))
    return ended


def named_readers(
    connection: psycopg.Connection[Any], groups: Iterable[str] | None = None, may: str = "usage"
) -> list[str]:
    """The logins that an administrator gave to persons by name: members of `groups`, by default of the readers' group.

    `may` is Postgres' word. `usage` means those who have a group's rights when they log in, `member` also those who
    would have to take its role first.
    """
    query = (
        "select rolname::text from pg_roles where rolcanlogin and not rolsuper and rolname <> all(%(ours)s) and exists"
        " (select from unnest(%(groups)s::text[]) as one where pg_has_role(oid, to_regrole(one), %(may)s))"
        " order by rolname"
    )
    asked = {"ours": list(READER_ROLES), "groups": list(groups or (DETAIL_READER,)), "may": may}
    return [role for (role,) in connection.cursor(row_factory=tuple_row).execute(query, asked)]


def changed_rights(settings: Settings, connection: psycopg.Connection[Any]) -> list[dict[str, str]]:
    """The rights that an administrator sets and somebody has changed since, including readers' passwords.

    Each comes with what restores it, or how to do without it.
    """
    sections = [*warehouse_rights(settings.database), named_reader_limits(named_readers(connection))]
    rights = [right for section in sections for right in section.rights]
    changed = [{"statement": one.statement, "without": one.without} for one in not_in_force(connection, rights)]
    return changed + [
        {"statement": f"the password of {role} is not the one of its file", "without": "`kvalitet migrate` sets it"}
        for role in (BI, DETAIL, AUDITOR)
        if not _lets_in(settings, role)
    ]


def _lets_in(settings: Settings, role: str) -> bool:
    try:
        url = settings.dsn(role)
    except KvalitetError:  # on a team's server, not every task has every reader's password file
        return True
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        return "password authentication failed" not in str(error)
    return True


def watch(settings: Settings) -> None:
    """End sessions that go on beyond the limits, and log what readers changed about themselves."""
    end_beyond_limits(settings)
    with connect(settings, PUBLISHER) as connection:
        connection.autocommit = True
        for one in changed_rights(settings, connection):
            log.warning("Not in force: %s. `kvalitet migrate` puts it back.", one["statement"])
