"""The command that tests the gate itself."""

import json
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kvalitet.cli.output import console
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings


class Part(StrEnum):
    MUTATIONS = "mutations"
    NIGHTS = "nights"


def add_to(app: typer.Typer) -> None:
    """Give the command line the command of this module."""
    app.command(epilog="Example: `kvalitet mutate --mutation complaints_lost --mutation sign_changed --no-keep`")(
        mutate
    )
    app.command(epilog="Example: `kvalitet incidents example/administration/mutations/incidents.yaml`")(incidents)


def mutate(
    mutation: Annotated[list[str] | None, typer.Option(help="Only this one; may be given more than once.")] = None,
    only: Annotated[Part | None, typer.Option(help="Only the mutations, or only the clean nights.")] = None,
    nights: Annotated[int, typer.Option(min=1, help="How many clean nights of each municipality.")] = 8,
    municipalities: Annotated[int, typer.Option(min=1, help="How many municipalities have clean nights.")] = 4,
    workers: Annotated[int, typer.Option(min=1, help="How many trials at a time.")] = 2,
    keep: Annotated[
        bool, typer.Option(help="Keep the result beside the list of mutations; not for a part of the mutations.")
    ] = True,
) -> None:
    """Spoil good figures in every known way and see that the gate holds them back; and that clean nights pass."""
    from kvalitet.mutation import load_mutations
    from kvalitet.mutation.result import faults, summary
    from kvalitet.mutation.run import run_mutations, run_nights

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server of the run is ended
    settings = Settings.from_environment()
    mutations = load_mutations(settings.administration.mutations)
    if mutation:
        if unknown := set(mutation) - {one.id for one in mutations}:
            raise KvalitetError(
                f"There is no mutation {', '.join(sorted(unknown))}.",
                f"{settings.administration.mutations} lists them.",
            )
        mutations, only, keep = [one for one in mutations if one.id in mutation], Part.MUTATIONS, False
    found = {}
    if only is not Part.NIGHTS:
        found["mutations"] = run_mutations(settings, mutations, workers, console.print)
        if keep:  # at once: the nights take as long again
            _keep(settings.administration.mutation_result, found)
    if only is not Part.MUTATIONS:
        found["nights"] = run_nights(settings, municipalities, nights, workers, console.print)
        if keep:
            _keep(settings.administration.mutation_result, found)
    for line in summary(found, mutations):
        console.print(line)
    if wrong := faults(found, mutations):
        raise KvalitetError(
            f"The gate did not do what it must, in {len(wrong)} ways: {wrong[0]}.",
            "Add a check to expectations/suites, or state the gap in the list of mutations.",
        )


def incidents(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A list of incidents.")],
    incident: Annotated[list[str] | None, typer.Option(help="Only this one; may be given more than once.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="How many trials at a time.")] = 2,
    keep: Annotated[bool, typer.Option(help="Keep the result beside the list; not for a part of it.")] = True,
) -> None:
    """Let every incident of a list happen to a good night, and tell how many the gate did not let pass."""
    from kvalitet.mutation.incidents import load_incidents
    from kvalitet.mutation.result import incident_summary
    from kvalitet.mutation.run import run_incidents

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server of the run is ended
    listed = load_incidents(file)
    chosen = [one for one in listed if not incident or one.id in incident]
    if unknown := set(incident or ()) - {one.id for one in listed}:
        raise KvalitetError(f"There is no incident {', '.join(sorted(unknown))}.", f"{file} lists them.")
    found = run_incidents(Settings.from_environment(), chosen, workers, console.print)
    if keep and not incident:
        kept = file.with_name(f"{file.stem}_result.json")
        kept.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        console.print(f"Kept in {kept}")
    for line in incident_summary(found):
        console.print(line)


def _keep(file: Path, found: dict[str, Any]) -> None:
    """Put the parts that ran into the kept result; the page is made of it."""
    from kvalitet.mutation.result import merged

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(merged(file, found), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    console.print(f"Kept in {file}")
