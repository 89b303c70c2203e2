"""The file that a server's administrator runs once: one statement for each right, run where it is not yet in force."""

from collections.abc import Iterable, Iterator

from kvalitet.warehouse.right import Section, name

_HEAD = r"""-- What the administrator of this Postgres server (15 or newer) sets once for Kvalitet. It holds no secret.
-- Run it with psql as a superuser, or as your cloud's administrator:
--     kvalitet admin-sql | psql --no-psqlrc 'host=… user=… dbname=postgres sslmode=verify-full sslrootcert=…'
-- Safe to run again: a line sets what it names only where that is not in force; `psql --echo-queries` shows each.
\set ON_ERROR_STOP on
"""


def admin_sql(database: str, warehouse: Iterable[Section], airflow: Iterable[Section]) -> str:
    """A psql script that sets all rights: on the server, then in the warehouse, last those that may be refused."""
    warehouse = list(warehouse)
    on_server = [one for one in warehouse if not (one.in_warehouse or one.may_be_refused)]
    inside = [one for one in warehouse if one.in_warehouse]
    refusable = [one for one in warehouse if one.may_be_refused]
    before = [*on_server, *airflow]
    go_on = ["-- What some clouds refuse is said, and the rest is set.", "\\set ON_ERROR_STOP off"]
    connect = f"\\connect {name(database)}"
    return "\n".join([_HEAD, *_lines(before), connect, *_lines(inside), *go_on, *_lines(refusable)])


def _lines(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield f"-- {section.why}"
        for right in section.rights:
            yield f"select $${right.statement}$$\n where not coalesce({right.holds}, false) \\gexec"
        yield ""
