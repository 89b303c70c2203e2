"""Rebuilds of the past, each in its own schema: from a publication's loads, or what was known on a day.

Readers see nothing of them. Housekeeping drops them when they are a week old.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

from kvalitet.build.builds import (
    LIVE,
    Build,
    BuildRefused,
    begin_build,
    end_builds_of_the_dead,
    fail_if_live,
    finish,
    get_build,
)
from kvalitet.build.standing import too_old
from kvalitet.build.transform import LAYERS, build_layer
from kvalitet.errors import KvalitetError
from kvalitet.publication.digest import CONTENT, contents, differences, form_of, recorded
from kvalitet.settings import AUDITOR, GATE, PUBLISHER, TRANSFORMER, Settings
from kvalitet.settings.stated import whole_number
from kvalitet.warehouse.build_schemas import drop_schemas
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.locks import LockHeld, holding, rebuild_of

Progress = Callable[[str, str], None]
#: The layers up to the indicator values, which are all that a figure needs.
FIGURE_LAYERS = LAYERS[: LAYERS.index("star") + 1]
#: Only schemas of these names are ever dropped.
NAMES = re.compile(r"(rebuild|known|restated)_[0-9_]+")

KNOWN = """
    select distinct on (source_id) source_id, load_id, cutoff_date from audit.load_in_use
    where cutoff_date <= %(day)s
    order by source_id, cutoff_date desc, abs(load_id) desc
"""
OLD = """
    select distinct target_schema from audit.build
    where kind = 'rebuild' and to_regnamespace(target_schema) is not null
    group by target_schema
    having not bool_or(status = any(%(live)s))
        and max(finished_at) < clock_timestamp() - make_interval(days => %(days)s)
"""


def begin_rebuild(settings: Settings, publication_id: int, owner: str) -> Build:
    """Claim `rebuild_<publication>` on the loads, staleness, acceptances and as-of date of that publication.

    Raises KvalitetError where there is no such publication.
    """
    published = published_build(settings, publication_id)
    return _begin_like(settings, f"rebuild_{publication_id}", owner, published)


def end_rebuild(settings: Settings, publication_id: int, build: Build) -> list[str]:
    """End a finished rebuild. Returns the tables whose rows differ from what was published, normally none."""
    published = published_build(settings, publication_id)
    with connect(settings, GATE) as connection:
        said = [digest for digest in recorded(connection, published.build_id) if digest.kind == CONTENT]
    differing = differences(said, contents(settings, GATE, build.target_schema, form_of(said)))
    message = f"differs: {', '.join(differing)}" if differing else f"identical to publication {publication_id}"
    finish(settings, build.build_id, GATE, "rebuilt", message)
    return differing


def begin_known_at(settings: Settings, day: date, owner: str) -> Build:
    """Claim `known_<day>` on each source's newest accepted load by its own stated cut-off, as of that day.

    Raises KvalitetError where no delivery states a cut-off on or before that day.
    """
    rows = fetch_all(settings, TRANSFORMER, KNOWN, {"day": day})
    if not rows:
        raise KvalitetError(
            f"Nothing that was taken in states a cut-off on or before {day}.",
            "Deliver older snapshots and take them in with `kvalitet extract`, or ask for a later day.",
        )
    loads = {row["source_id"]: row["load_id"] for row in rows}
    return _begin(settings, f"known_{day:%Y%m%d}", owner, day, loads, too_old(settings, rows, day))


def begin_restated(settings: Settings, pair: tuple[int, int], published: Build, owner: str) -> Build:
    """Claim the schema of a pair of publications on the loads and day of `published`, the first one's build."""
    schema = restated_schema(pair)
    return _begin_like(settings, schema, owner, published)


def restated_schema(pair: tuple[int, int]) -> str:
    """The schema in which the steps from one publication to another are built, one after the other."""
    return f"restated_{pair[0]}_{pair[1]}"


def run_layers(
    settings: Settings,
    build: Build,
    progress: Progress,
    layers: tuple[str, ...] = FIGURE_LAYERS,
    restated: dict | None = None,
) -> None:
    """Build the layers of a rebuild. It is marked failed where one fails."""
    try:
        for layer in layers:
            progress(layer, "")
            result = build_layer(settings, build.build_id, layer, restated)
            progress(layer, f"{len(result.models)} models, {result.rows} rows, {result.seconds:.1f} s")
    except BaseException:
        fail_if_live(settings, build.build_id, f"Failed in the rebuild of {build.target_schema}.")
        raise


@contextmanager
def alone_in(settings: Settings, schema: str) -> Iterator[None]:
    """Keep other processes from rebuilding into `schema`. First end what a killed one left there.

    Raises BuildRefused where another is at work.
    """
    with ExitStack() as held:
        try:
            # As the publisher, because a seal does not wait for its transactions.
            what = f"another rebuild into {schema} is under way,"
            held.enter_context(holding(settings, PUBLISHER, rebuild_of(schema), what))
        except LockHeld as other:
            raise BuildRefused(other.what, "Wait for it to end.") from None
        end_builds_of_the_dead(settings, schema)
        yield


def published_build(settings: Settings, publication_id: int) -> Build:
    """The build of a publication. Raises KvalitetError where there is no such publication."""
    query = "select publication_id, build_id from audit.publication order by publication_id"
    published = {row["publication_id"]: row["build_id"] for row in fetch_all(settings, AUDITOR, query)}
    if publication_id not in published:
        listed = ", ".join(map(str, list(published)[-10:])) or "none yet"
        raise KvalitetError(
            f"There is no publication {publication_id}.", f"Published so far: {listed}. See `kvalitet status`."
        )
    return get_build(settings, published[publication_id], AUDITOR)


def drop_old_rebuilds(settings: Settings, days: int | None = None) -> list[str]:
    """Drop the schemas of rebuilds that ended more than `days` ago (KVALITET_REBUILD_DAYS, 7). Returns their names."""
    keep = whole_number("KVALITET_REBUILD_DAYS", 7) if days is None else days
    rows = fetch_all(settings, TRANSFORMER, OLD, {"days": keep, "live": list(LIVE)})
    dropped = sorted(row["target_schema"] for row in rows if NAMES.fullmatch(row["target_schema"]))
    for schema in dropped:
        drop_schemas(settings, schema)
    return dropped


def _begin_like(settings: Settings, schema: str, owner: str, published: Build) -> Build:
    """Claim `schema` with everything that a published build rested on."""
    return _begin(
        settings, schema, owner, published.as_of_date, published.loads, published.stale, published.acceptances
    )


def _begin(
    settings: Settings,
    schema: str,
    owner: str,
    as_of_date: date,
    loads: dict[str, int],
    stale: dict[str, str],
    acceptances: int | None = None,
) -> Build:
    return begin_build(
        settings,
        owner=owner,
        kind="rebuild",
        as_of_date=as_of_date,
        loads=loads,
        stale={source: reason for source, reason in stale.items() if source in loads},
        target_schema=schema,
        acceptances=acceptances,
    )
