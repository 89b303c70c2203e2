"""`kvalitet indicator`: what one does once for an indicator."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from kvalitet.cli.output import console, plain
from kvalitet.settings import Settings

indicator = typer.Typer(help="Begin with a new indicator.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.add_typer(indicator, name="indicator")


@indicator.command(
    "new",
    epilog="Example: `kvalitet indicator new klager_henvist_pct --source klagesager --fact fct_complaint --kind share`",
)
def new(
    indicator_id: Annotated[str, typer.Argument(help="Its id: lower-case letters, digits and _.")],
    source: Annotated[
        str,
        typer.Option(help="The source whose indicator it is: a file in `indicators/`."),
    ],
    fact: Annotated[str, typer.Option(help="The table whose rows it counts, fct_…")],
    kind: Annotated[Literal["count", "share"], typer.Option(help="A number of rows, or a share of them.")],
    to: Annotated[Path | None, typer.Option(help="The file to write to; default: the screen.")] = None,
) -> None:
    """Draft the declaration of an indicator and its unit test; every guess is marked."""
    from kvalitet.onboarding.indicator import MARK, as_text, draft_indicator

    settings = Settings.from_environment()
    text = as_text(settings, draft_indicator(settings, indicator_id, source, fact, kind))
    if to is None:
        typer.echo(text, nl=False)
        return
    to.write_text(text, encoding="utf-8")
    console.print(
        f"wrote {plain(str(to))}. {text.count(MARK)} guesses are marked; what comes next: docs/adding-an-indicator.md.",
        soft_wrap=True,
    )
