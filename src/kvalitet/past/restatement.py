"""What changed between two publications, and why: definition, reclassification, correction, late data.

To tell the causes apart, the first publication's figures are built anew in steps. Each step takes one thing more from
the second: its definitions, its classes, its corrections. What is left is late data. The rules stay in dbt. A step
differs only in the rows that `delivered()` gives (docs/decisions/0008).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from psycopg import sql

from kvalitet.build.builds import Build, fail_if_live, finish
from kvalitet.build.code_version import code_version
from kvalitet.contracts import Table, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.past.rebuild import (
    Progress,
    alone_in,
    begin_restated,
    drop_schemas,
    published_build,
    restated_schema,
    run_layers,
)
from kvalitet.past.restated_rows import ReadAnew, count_rows, read_anew, restated_variable
from kvalitet.publication.ledger import FIGURE_SCALE
from kvalitet.publication.ledger import figures as figures_said
from kvalitet.settings import AUDITOR, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

CAUSES = ("definition", "reclassification", "correction", "late_data")
MEASURES = ("value", "numerator", "denominator")
#: A figure's key, the same for all versions of its definition.
KEY = (
    "indicator_id", "source_id", "organisation_id", "authority", "period_kind", "period_label", "breakdown_kind",
    "breakdown_member",
)  # fmt: skip
_FIGURES = "select {} from {} order by indicator_version"
_COLUMNS = (*KEY, "period_start", "indicator_version", *MEASURES, "is_suppressed")
Figures = dict[tuple, dict[str, Any]]


@dataclass(frozen=True)
class Restatement:
    """What is kept of a pair of publications: the row of audit.restatement, and the rows of restatement_figure."""

    summary: dict[str, Any]
    figures: list[dict[str, Any]]


def restate(settings: Settings, first: int, second: int, progress: Progress) -> Restatement:
    """Split what changed from publication `first` to `second`, once. Afterwards it is read from the ledger.

    Raises KvalitetError where the running code is not that of `second`, whose definitions the steps need.
    """
    if first >= second:
        raise KvalitetError(f"Publication {first} is not before {second}.", "Name the older of the two first.")
    said, later = published_build(settings, first), published_build(settings, second)
    known = read(settings, first, second)
    if known:
        return known
    codes = _code_versions(settings, said, later)
    with alone_in(settings, restated_schema((first, second))):
        summary, figures = work_out(settings, (first, second), (said, later), codes, progress)
        _store(settings, summary, figures)
    stored = read(settings, first, second)
    assert stored is not None
    return stored


def read(settings: Settings, first: int, second: int) -> Restatement | None:
    """The restatement of a pair as it is kept. None where it was not worked out yet."""
    pair = {"first": first, "second": second}
    where = "where from_publication = %(first)s and to_publication = %(second)s"
    summary = fetch_all(settings, AUDITOR, f"select * from audit.restatement {where}", pair)
    if not summary:
        return None
    order = f"order by {', '.join(KEY[:5])}, period_start, {', '.join(KEY[5:])}, measure = 'value' desc, measure desc"
    return Restatement(
        summary[0], fetch_all(settings, AUDITOR, f"select * from audit.restatement_figure {where} {order}", pair)
    )


def work_out(
    settings: Settings, pair: tuple[int, int], builds: tuple[Build, Build], codes: tuple[str, str], progress: Progress
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The rows of audit.restatement and audit.restatement_figure. A step in which nothing can differ is not built."""
    said, later = builds
    tables = _moved_tables(settings, said, later)
    anew = read_anew(settings, tables, said, later)
    counts = count_rows(settings, tables, anew.loads, later.loads, anew.gained)
    states = [by_key(figures_said(settings, pair[0]))]
    step_builds: dict[str, int | None] = {}
    is_needed = {
        "definition": codes[0] != codes[1] or "+" in codes[1] or anew.loads != said.loads or bool(anew.gained),
        "reclassification": counts.reclassified > 0,
        "correction": counts.corrected + counts.withdrawn > 0,
    }
    for cause in CAUSES[:-1]:
        if not is_needed[cause]:
            progress(cause, "nothing differs")
            states.append(states[-1])
            step_builds[f"{cause}_build"] = None
            continue
        progress(cause, "is built")
        build, figures = _build_step(settings, cause, pair, builds, tables, anew, progress)
        states.append(figures)
        step_builds[f"{cause}_build"] = build.build_id
    states.append(by_key(figures_said(settings, pair[1])))
    drop_schemas(settings, restated_schema(pair))
    summary = {
        "from_publication": pair[0],
        "to_publication": pair[1],
        "as_of_from": said.as_of_date,
        "as_of_to": later.as_of_date,
        "code_from": codes[0],
        "code_to": codes[1],
        **counts.columns(),
        "rows_reread": anew.rows,
        **step_builds,
    }
    return summary, list(split(states))


def by_key(rows: list[dict[str, Any]]) -> Figures:
    """Figures by their key. Where two versions of a definition count the same, the newer one.

    They are at the scale that figures are published with, because older publications had more decimals.
    """
    ordered = sorted(rows, key=lambda row: row["indicator_version"])
    return {tuple(row[name] for name in KEY): row | {name: at_scale(row[name]) for name in MEASURES} for row in ordered}


def at_scale(number: Decimal | None) -> Decimal | None:
    """Rounded to FIGURE_SCALE decimals as Postgres does: half away from zero."""
    if number is None or round(number, FIGURE_SCALE) == number:
        return number
    return number.quantize(Decimal(1).scaleb(-FIGURE_SCALE), ROUND_HALF_UP)


def split(states: list[Figures]) -> Iterator[dict[str, Any]]:
    """The changed figures, given all figures as said, after each step, and as said later.

    A figure that any of the five hides is named once and not split, because the parts would tell what is hidden. A step
    that leaves a figure without a value counts as no change where the value comes back later.
    """
    for key in sorted(set().union(*states)):
        rows = [state.get(key) for state in states]
        is_hidden = any(row is not None and row["is_suppressed"] for row in rows)
        for measure in MEASURES[:1] if is_hidden else MEASURES:
            values = [row[measure] if row else None for row in rows]
            told = _hidden(rows, values) if is_hidden else _told(values)
            if told:
                yield {
                    **dict(zip(KEY, key, strict=True)),
                    "period_start": next(row["period_start"] for row in rows if row),
                    "measure": measure,
                    "indicator_version_from": rows[0]["indicator_version"] if rows[0] else None,
                    "indicator_version_to": rows[-1]["indicator_version"] if rows[-1] else None,
                    **told,
                }


def _hidden(rows: list[dict[str, Any] | None], values: list) -> dict[str, Any] | None:
    """Only what both publications showed of a hidden figure: that it changed, or that it is hidden in one of them."""
    is_hidden_in = [bool(row and row["is_suppressed"]) for row in (rows[0], rows[-1])]
    if values[0] == values[-1] and is_hidden_in[0] == is_hidden_in[1]:
        return None
    return {"status": "hidden", "cause": None, **_stages([values[0], None, None, None, values[-1]])}


def _told(values: list) -> dict[str, Any] | None:
    if all(value == values[0] for value in values):
        return None
    if values[0] is not None and values[-1] is not None:
        carried = values[:1]
        for value in values[1:]:
            carried.append(carried[-1] if value is None else value)
        return {"status": "split", "cause": None, **_stages(carried)}
    if values[0] is None and values[-1] is None:
        return None  # neither publication shows it
    is_there = values[-1] is not None
    # The last step that gave it its state in the second publication: present or absent.
    last = max(place for place in range(4) if (values[place] is not None) != is_there)
    return {"status": "new" if is_there else "gone", "cause": CAUSES[last], **_stages(values)}


def _stages(values: list) -> dict[str, Any]:
    names = ("value_from", *(f"value_after_{cause}" for cause in CAUSES[:-1]), "value_to")
    return dict(zip(names, values, strict=True))


def _code_versions(settings: Settings, said: Build, later: Build) -> tuple[str, str]:
    """The code that built each. Only the running code can say how its definitions read other rows."""
    if said.code_version and later.code_version == code_version(settings):
        return said.code_version, later.code_version
    commit = later.code_version.removesuffix("+changes")
    raise KvalitetError(
        f"The publication was built by code version {later.code_version}; {code_version(settings)} is running,"
        " whose definitions may be others.",
        f"Check that version out beside this one (`git worktree add ../then {commit}`) and run the command there.",
    )


def _moved_tables(settings: Settings, said: Build, later: Build) -> list[Table]:
    """The delivered tables of which the two builds see different loads."""
    return [
        table
        for source, contract in load_contracts(settings).items()
        if said.loads.get(source) != later.loads.get(source)
        for table in contract.tables.values()
    ]


def _build_step(
    settings: Settings,
    cause: str,
    pair: tuple[int, int],
    builds: tuple[Build, Build],
    tables: list[Table],
    anew: ReadAnew,
    progress: Progress,
) -> tuple[Build, Figures]:
    said, later = builds
    build = begin_restated(settings, pair, replace(said, loads=anew.loads), f"kvalitet restatement, {cause}")
    restated = restated_variable(tables, later.loads, cause, anew.gained)
    run_layers(settings, build, progress, restated=restated or None)
    try:
        with connect(settings, TRANSFORMER) as connection:
            columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
            table = sql.Identifier(build.target_schema, "fct_indicator_value")
            rows = connection.execute(sql.SQL(_FIGURES).format(columns, table)).fetchall()
        finish(settings, build.build_id, TRANSFORMER, "rebuilt", f"step {cause} of a restatement")
    except BaseException:
        fail_if_live(settings, build.build_id, "Failed in `kvalitet restatement`.")
        raise
    return build, by_key(rows)


def _store(settings: Settings, summary: dict[str, Any], figures: list[dict[str, Any]]) -> None:
    """Store both tables in one transaction, so that a restatement is kept whole or not at all."""
    pair = {name: summary[name] for name in ("from_publication", "to_publication")}
    with connect(settings, TRANSFORMER) as connection, connection.cursor() as cursor:
        for table, rows in (("restatement", [summary]), ("restatement_figure", [pair | row for row in figures])):
            if rows:
                names = list(rows[0])
                statement = sql.SQL("insert into {} ({}) values ({})").format(
                    sql.Identifier("audit", table),
                    sql.SQL(", ").join(map(sql.Identifier, names)),
                    sql.SQL(", ").join(map(sql.Placeholder, names)),
                )
                cursor.executemany(statement, rows)
