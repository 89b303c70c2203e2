"""`kvalitet source`: what one does once for a source."""

from pathlib import Path
from typing import Annotated

import typer

from kvalitet.cli.output import console, plain
from kvalitet.settings import Settings

source = typer.Typer(help="Begin with a new source.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.add_typer(source, name="source")


@source.command(
    "new", epilog="Example: `kvalitet source new court_cases retssager_2025-01-02.csv --owner 'Juridisk kontor'`"
)
def new(
    source_id: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _.")],
    files: Annotated[list[Path], typer.Argument(help="Files as the source delivers them, CSV or .xlsx.", exists=True)],
    owner: Annotated[str, typer.Option(help="Who answers for the deliveries.")],
    contact: Annotated[str, typer.Option(help="The address to write to.")],
) -> None:
    """Draft contract, staging models and page of a source from its files; every guess is marked."""
    from kvalitet.onboarding import draft_source

    settings = Settings.from_environment()
    draft = draft_source(settings, source_id, files, owner, contact)
    for file in draft.files:
        console.print(f"wrote {plain(str(file))}", soft_wrap=True)
    for problem in draft.contract.problems:
        console.print(f"  still lacks: {plain(problem)}")
    console.print(
        f"{draft.guesses} guesses are marked in the contract: ask the source, correct them, and take the marks away."
        f" Then: `kvalitet contract {plain(str(draft.files[0]))}`, and `dbt_project/scripts/make_sources.py` for dbt.",
        soft_wrap=True,
    )
