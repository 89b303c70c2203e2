"""Commands about the past: what was said, recorded and known, and what changed between two publications."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from kvalitet.cli.output import Json, console, day, plain, print_rows, show_progress
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

if TYPE_CHECKING:
    from kvalitet.past.past import Past

SHOWN = ("indicator_id", "source_id", "authority", "organisation_id", "period_label", "breakdown_member", "value")
CHANGES = ("definition_change", "reclassification_change", "correction_change", "late_data_change")
#: What tells changed figures of one indicator and period apart, beside the breakdown.
TOLD_APART = ("source_id", "authority", "organisation_id")
MOST_ROWS = 40


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.command(epilog="Example: `kvalitet figures --publication 1`, `kvalitet figures --known-at 2024-01-04 --json`")(
        figures
    )
    app.command(epilog="Example: `kvalitet restatement 1 2 --json`")(restatement)


def figures(
    publication: Annotated[int | None, typer.Option(help="What this publication said.")] = None,
    as_recorded: Annotated[int | None, typer.Option(help="This publication, built anew from its loads.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="What the deliveries with a cut-off up to this day tell, yyyy-mm-dd.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Figures of the past, with what they rest on: as they were said, recorded or known on a day."""
    from kvalitet.past import past

    known_day = day(known_at)
    if sum(asked is not None for asked in (publication, as_recorded, known_day)) != 1:
        raise KvalitetError(
            "Which figures?", "Give exactly one of --publication N, --as-recorded N and --known-at yyyy-mm-dd."
        )
    settings = Settings.from_environment()
    progress = _quiet if as_json else show_progress
    if publication is not None:
        found = past.as_said(settings, publication)
    elif as_recorded is not None:
        found = past.as_recorded(settings, as_recorded, progress)
    else:
        assert known_day is not None
        found = past.known_at(settings, known_day, progress)
    if as_json:
        typer.echo(json.dumps(vars(found), default=str, ensure_ascii=False))
        return
    _print_basis(found)
    print_rows(found.what, [{name: row[name] for name in SHOWN} for row in found.figures])


def rebuild(settings: Settings, publication_id: int) -> None:
    """Rebuild a publication and say whether it is what was published. Raises KvalitetError where it is not."""
    from kvalitet.past.past import as_recorded

    found = as_recorded(settings, publication_id, show_progress, owner="kvalitet build")
    if found.differs_in:
        raise KvalitetError(
            f"{found.schema} differs from publication {publication_id} in {', '.join(found.differs_in)}.",
            "Compare the code versions of the two builds: `kvalitet status`.",
        )
    console.print(f"{found.schema} is identical to publication {publication_id} as it was published.")


def restatement(
    first: Annotated[int, typer.Argument(metavar="FROM", help="The older publication.")],
    second: Annotated[int, typer.Argument(metavar="TO", help="The newer publication.")],
    as_json: Json = False,
) -> None:
    """What changed between two publications, and why: definition, reclassification, correction, late data."""
    from kvalitet.past.restatement import restate
    from kvalitet.reports import write_site

    settings = Settings.from_environment()
    found = restate(settings, first, second, _quiet if as_json else show_progress)
    write_site(settings, publication_id=second)  # its page of changes shows the split
    if as_json:
        typer.echo(json.dumps(vars(found), default=str, ensure_ascii=False))
        return
    told = found.summary
    console.print(f"From publication {first} (as of {told['as_of_from']}) to {second} (as of {told['as_of_to']})")
    rows = ", ".join(f"{told[f'rows_{name}']:,} {name}" for name in ("reclassified", "corrected", "withdrawn"))
    console.print(f"Delivered rows: {rows}, {told['rows_completed']:,} completed, {told['rows_new']:,} new")
    values = [row for row in found.figures if row["measure"] == "value"]
    counts = {status: sum(row["status"] == status for row in values) for status in ("split", "hidden", "new", "gone")}
    console.print("Figures: " + ", ".join(f"{count:,} {status}" for status, count in counts.items()))
    whole = [row for row in values if row["status"] == "split" and row["breakdown_kind"] == "ingen"]
    apart = [name for name in TOLD_APART if len({row[name] for row in whole}) > 1]
    shown = [
        {
            "indicator": row["indicator_id"],
            **{name.removesuffix("_id"): row[name] for name in apart},
            "period": row["period_label"],
            "said first": row["value_from"],
            **{name.removesuffix("_change"): row[name] for name in CHANGES},
            "said then": row["value_to"],
        }
        for row in whole[:MOST_ROWS]
    ]
    print_rows("Changed figures that are not part of a breakdown", shown)
    if len(whole) > MOST_ROWS:
        console.print(f"{len(whole) - MOST_ROWS} more, and the breakdowns: --json, or audit.restatement_figure.")


def _quiet(step: str, detail: str) -> None:
    """A program that reads JSON is told nothing else."""


def _print_basis(found: "Past") -> None:
    console.print(f"Build {found.build_id}, as of {found.as_of_date}, by code version {found.code_version}.")
    if found.differs_in is not None:
        differs = f"It differs from what was published in {', '.join(found.differs_in)}."
        console.print(plain(differs) if found.differs_in else "It is identical to what was published.")
    if found.schema:
        console.print(f"Its tables stand in the schema {found.schema} for a week.")
    names = ("source_id", "load_id", "cutoff_date", "stale_reason")
    print_rows("It rests on", [{name: row[name] for name in names} for row in found.rests_on])
    if found.without:
        console.print(f"Had delivered nothing by then: {', '.join(found.without)}.")
