"""The file that a server's administrator runs once: every right as one statement, where it is not yet in force."""

from collections.abc import Iterable, Iterator

from kvalitet.warehouse.rights import Section, name

_HEAD = r"""-- What the administrator of this Postgres server (15 or newer) sets once for Kvalitet. It holds no secret.
-- Run it with psql as a superuser, or as your cloud's administrator:
--     kvalitet admin-sql | psql --no-psqlrc 'host=… user=… dbname=postgres sslmode=verify-full sslrootcert=…'
-- Safe to run again: a line sets what it names only where that is not in force; `psql --echo-queries` shows each.
\set ON_ERROR_STOP on
"""


def admin_sql(database: str, warehouse: Iterable[Section], airflow: Iterable[Section]) -> str:
    """A psql script that puts all of it in force, what is within the warehouse at the end."""
    warehouse = list(warehouse)
    lines = [_HEAD]
    for section in (*(one for one in warehouse if not one.in_warehouse), *airflow):
        lines += _lines(section)
    lines.append(f"\\connect {name(database)}")
    for section in warehouse:
        if section.in_warehouse:
            lines += _lines(section)
    return "\n".join(lines)


def _lines(section: Section) -> Iterator[str]:
    yield f"-- {section.why}"
    for right in section.rights:
        yield f"select $${right.statement}$$\n where not coalesce({right.holds}, false) \\gexec"
    yield ""
