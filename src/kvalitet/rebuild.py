"""Rebuilds a past publication from its recorded set of loads, into a schema of its own."""

from kvalitet.builds import Build, begin_build, get_build
from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect


def begin_rebuild(settings: Settings, publication_id: int, owner: str) -> Build:
    """Claim `rebuild_<publication>` on the loads and as-of date of that publication.

    Readers see nothing of it. Raises KvalitetError where there is no such publication.
    """
    with connect(settings, AUDITOR) as connection:
        row = connection.execute(
            "select build_id from audit.publication where publication_id = %s", [publication_id]
        ).fetchone()
    if row is None:
        raise KvalitetError(f"There is no publication {publication_id}.", "`kvalitet status` lists them.")
    published = get_build(settings, row["build_id"])
    return begin_build(
        settings,
        owner=owner,
        kind="rebuild",
        as_of_date=published.as_of_date,
        loads=published.loads,
        stale=published.stale,
        target_schema=f"rebuild_{publication_id}",
    )
