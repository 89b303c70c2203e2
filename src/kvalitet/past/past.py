"""Figures of the past, in three ways: what was said, what was recorded, and what was known on a day.

Each comes with what it rests on. The last two are built anew, in schemas of their own.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import sql

from kvalitet.build.builds import Build, fail_if_live, finish, get_build
from kvalitet.build.transform import LAYERS
from kvalitet.contracts import load_contracts
from kvalitet.past.rebuild import (
    Progress,
    alone_in,
    begin_known_at,
    begin_rebuild,
    end_rebuild,
    published_build,
    run_layers,
)
from kvalitet.publication import figures as figures_said
from kvalitet.publication import finish_candidate
from kvalitet.publication.ledger import FIGURE_COLUMNS, FIGURE_ORDER
from kvalitet.settings import AUDITOR, GATE, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

OWNER = "kvalitet figures"
BASIS = """
    select source_id, load_id, delivery, cutoff_date, stale_reason
    from audit.build_load join audit.load using (load_id, source_id) where build_id = %(build_id)s order by source_id
"""


@dataclass(frozen=True)
class Past:
    """Figures and what they rest on: the loads, the as-of day and the code.

    `without` are the sources that had delivered nothing by then. `differs_in` (only for a rebuild of a publication) are
    the tables that differ from what was published. It is empty where all are identical.
    """

    what: str
    build_id: int
    as_of_date: date
    code_version: str
    schema: str | None
    rests_on: list[dict[str, Any]]
    without: list[str]
    figures: list[dict[str, Any]]
    differs_in: list[str] | None = field(default=None)


def as_said(settings: Settings, publication_id: int) -> Past:
    """What a publication said. Raises KvalitetError where there is none of that number."""
    build = published_build(settings, publication_id)
    what = f"What publication {publication_id} said"
    return _past(settings, what, build, None, figures_said(settings, publication_id))


def as_recorded(settings: Settings, publication_id: int, progress: Progress, owner: str = OWNER) -> Past:
    """Build the publication anew from the loads it recorded, by the running code, and compare with what was published.

    Raises KvalitetError where there is no such publication, or a layer fails.
    """
    published_build(settings, publication_id)
    with alone_in(settings, f"rebuild_{publication_id}"):
        build = begin_rebuild(settings, publication_id, owner)
        progress("begin", f"build {build.build_id} into {build.target_schema}, as of {build.as_of_date}")
        run_layers(settings, build, progress, LAYERS)
        try:
            finish_candidate(settings, build.build_id)
            differing = end_rebuild(settings, publication_id, build)
        except BaseException:
            fail_if_live(settings, build.build_id, f"Failed in `{owner}`.")
            raise
        what = f"Publication {publication_id}, built anew from the deliveries it recorded"
        return _past(settings, what, build, build.target_schema, _built(settings, build, GATE), differing)


def known_at(settings: Settings, day: date, progress: Progress) -> Past:
    """The figures that follow from the deliveries whose own cut-off is on or before `day`.

    Raises KvalitetError where no delivery is that old, or a layer fails.
    """
    with alone_in(settings, f"known_{day:%Y%m%d}"):
        build = begin_known_at(settings, day, OWNER)
        progress("begin", f"build {build.build_id} into {build.target_schema}, as of {day}")
        run_layers(settings, build, progress)
        figures = _built(settings, build, TRANSFORMER)
        finish(settings, build.build_id, TRANSFORMER, "rebuilt", f"known at {day}")
        return _past(settings, f"What was known on {day}", build, build.target_schema, figures)


def _past(
    settings: Settings,
    what: str,
    build: Build,
    schema: str | None,
    figures: list[dict[str, Any]],
    differs_in: list[str] | None = None,
) -> Past:
    rests_on = fetch_all(settings, AUDITOR, BASIS, {"build_id": build.build_id})
    delivered = {row["source_id"] for row in rests_on}
    return Past(
        what=what,
        build_id=build.build_id,
        as_of_date=build.as_of_date,
        code_version=get_build(settings, build.build_id, AUDITOR).code_version,
        schema=schema,
        rests_on=rests_on,
        without=[source for source in load_contracts(settings) if source not in delivered],
        figures=figures,
        differs_in=differs_in,
    )


def _built(settings: Settings, build: Build, role: str) -> list[dict[str, Any]]:
    """Read the built figures: as the gate where the schema is sealed, as the builder where it is not."""
    table = sql.Identifier(build.target_schema, "fct_indicator_value")
    query = sql.SQL(f"select {FIGURE_COLUMNS} from {{}} order by {FIGURE_ORDER}").format(table)
    with connect(settings, role) as connection:
        return connection.execute(query).fetchall()
