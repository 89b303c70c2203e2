"""The command that writes the fictional municipality's deliveries."""

from pathlib import Path
from typing import Annotated

import typer

from kvalitet.cli.output import console, day, local_inbox
from kvalitet.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Give the command line the command of this module."""
    app.command(
        epilog="Example: `kvalitet sample --night 2 --complaints 20000`, `kvalitet sample --earlier 2024-01-03`"
    )(sample)


def sample(
    night: Annotated[int, typer.Option(min=1, help="Which night: 1, 2, 3, …; each has its new and changed rows.")] = 1,
    complaints: Annotated[int, typer.Option(min=2000, help="How many complaints on the first night.")] = 6000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 2019,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: the inbox.")] = None,
    corrupt: Annotated[str | None, typer.Option(help="A defect that intake lets in and the gate must stop.")] = None,
    earlier: Annotated[
        str | None, typer.Option(help="Instead of a night: older snapshots with this cut-off, yyyy-mm-dd.")
    ] = None,
) -> None:
    """Write one night's deliveries of a fictional municipality, beside real published figures."""
    from kvalitet_example import generate, generate_earlier

    target, cutoff = out or local_inbox(Settings.from_environment()), day(earlier)
    if cutoff:
        files = generate_earlier(target, cutoff, seed=seed, complaints=complaints)
    else:
        files = generate(target, night=night, seed=seed, complaints=complaints, corrupt=corrupt)
    for file in files:
        console.print(f"{file.relative_to(target)}  {file.stat().st_size:,} bytes")
