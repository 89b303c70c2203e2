"""Errors that name what could not be set on a built table, because the database's own errors leave the table out."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from kvalitet.errors import KvalitetError, MayMend

#: The data do not allow a key, which is for the gate to judge.
NOT_ALLOWED = (errors.IntegrityError, errors.InvalidForeignKey)
#: Errors of the connection, the server or a disk. Other exceptions say what to do about these.
_NOT_THE_TABLES = ("08", "53", "57")


class NotSet(KvalitetError):
    """A right, key, comment or policy of a built table could not be set."""


class Locked(MayMend):
    """Another session held a lock on a built table."""


@contextmanager
def setting(build_id: int, what: str) -> Iterator[None]:
    """Raises NotSet or Locked with `what`, a table's key or the like, where the database does not let it be set.

    NOT_ALLOWED is raised as it is.
    """
    try:
        yield
    except NOT_ALLOWED:
        raise
    except errors.LockNotAvailable:
        raise Locked(
            f"Build {build_id} is not finished: somebody holds a lock in the way of {what}.",
            "Only the build itself should work in its schemas: `select pid, usename, application_name from"
            " pg_stat_activity where xact_start is not null` shows who else does. Let it end, or end it, then try this"
            " step again.",
        ) from None
    except psycopg.Error as error:
        if not error.sqlstate or error.sqlstate.startswith(_NOT_THE_TABLES):
            raise
        raise NotSet(
            f"Build {build_id} is not finished: the database does not let {what} be set ({type(error).__name__}).",
            "Somebody but the build has changed the table: find out who, then build anew.",
        ) from None
