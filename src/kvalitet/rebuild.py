"""Rebuilds a past publication from its recorded set of loads, and compares it with what was published."""

from kvalitet.builds import Build, begin_build, finish, get_build
from kvalitet.errors import KvalitetError
from kvalitet.publication.digest import CONTENT, contents, differences, recorded
from kvalitet.settings import AUDITOR, GATE, Settings
from kvalitet.warehouse.connection import connect


def begin_rebuild(settings: Settings, publication_id: int, owner: str) -> Build:
    """Claim `rebuild_<publication>` on the loads, staleness and as-of date of that publication.

    Readers see nothing of it. Raises KvalitetError where there is no such publication.
    """
    published = get_build(settings, _published_build(settings, publication_id), AUDITOR)
    return begin_build(
        settings,
        owner=owner,
        kind="rebuild",
        as_of_date=published.as_of_date,
        loads=published.loads,
        stale=published.stale,
        target_schema=f"rebuild_{publication_id}",
    )


def end_rebuild(settings: Settings, publication_id: int, build: Build) -> list[str]:
    """End a finished rebuild; returns the tables whose rows differ from what was published, none being the rule."""
    published = _published_build(settings, publication_id)
    with connect(settings, GATE) as connection:
        said = [digest for digest in recorded(connection, published) if digest.kind == CONTENT]
        differing = differences(said, contents(connection, build.target_schema))
    message = f"differs: {', '.join(differing)}" if differing else f"identical to publication {publication_id}"
    finish(settings, build.build_id, GATE, "rebuilt", message)
    return differing


def _published_build(settings: Settings, publication_id: int) -> int:
    with connect(settings, AUDITOR) as connection:
        row = connection.execute(
            "select build_id from audit.publication where publication_id = %s", [publication_id]
        ).fetchone()
    if row is None:
        raise KvalitetError(f"There is no publication {publication_id}.", "`kvalitet status` lists them.")
    return row["build_id"]
