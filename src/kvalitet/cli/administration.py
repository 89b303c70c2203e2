"""`kvalitet administration`: the folder of one's own contracts, register and policy."""

from typing import Annotated

import typer

from kvalitet.cli.output import console, plain
from kvalitet.settings import Settings

administration = typer.Typer(help="Begin with contracts, register and policy of one's own.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.add_typer(administration, name="administration")


@administration.command("new", epilog="Example: `kvalitet administration new 'Køge Kommune' --short-name KAF`")
def new(
    name: Annotated[str, typer.Argument(help="The authority, as published figures name it.")],
    short_name: Annotated[str, typer.Option(help="The administration's short name in audit remarks.")],
) -> None:
    """Begin the folder `administration`, which is used instead of the example's from then on."""
    from kvalitet.onboarding.administration import begin_administration

    for file in begin_administration(Settings.from_environment(), name, short_name):
        console.print(f"wrote {plain(str(file))}", soft_wrap=True)
    console.print(
        "Nothing is taken in yet: there is no contract. Next: `kvalitet source new`, and docs/adopting.md.",
        soft_wrap=True,
    )
