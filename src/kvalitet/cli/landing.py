"""Commands about deliveries that came: take them in once more, take them back, and the store that keeps them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kvalitet.cli.output import console, plain
from kvalitet.settings import TIMEZONE, Settings
from kvalitet.settings.stated import user

if TYPE_CHECKING:
    from kvalitet.intake.records import ExtractResult

Reason = Annotated[str, typer.Option(help="Why; it is kept.")]
AllowClosures = Annotated[
    str | None, typer.Option(help="'name: reason' that lets in more closures than the contract's limit.")
]
AllowChanges = Annotated[
    str | None, typer.Option(help="'name: reason' that lets in more changes than the contract's limit.")
]
AllowJump = Annotated[str | None, typer.Option(help="'name: reason' that lets in a cut-off far from what was due.")]
By = Annotated[str | None, typer.Option(help="Who decided it; default: the user of this machine.")]


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.command(epilog="Example: `kvalitet replay 17`")(replay)
    app.command(epilog="Example: `kvalitet withdraw 17 --reason 'the centre codes of last year'`")(withdraw)
    landing = typer.Typer(
        help="The store of delivered files: what is over its time, and its key.", no_args_is_help=True
    )
    landing.command(epilog="Example: `kvalitet landing purge`")(purge)
    landing.command(epilog="Example: `kvalitet landing check`")(check)
    landing.command("rotate-key", epilog="Example: `kvalitet landing rotate-key`")(rotate_key)
    app.add_typer(landing, name="landing")


def who_and_why(text: str | None) -> tuple[str, str] | None:
    """An option such as `--allow-closures` in its two parts, of which intake refuses an empty one."""
    if text is None:
        return None
    name, _, reason = text.partition(":")
    return name, reason


def print_loads(result: "ExtractResult") -> None:
    """How many rows each table of each load brought, and what came of them."""
    for load in result.loads:
        for name, count in load.tables.items():
            console.print(
                f"  load {load.load_id} {name}: {count.delivered:,} delivered, {count.rejected:,} set aside,"
                f" {count.opened:,} new, {count.changed:,} changed, {count.closed:,} closed,"
                f" {count.unchanged:,} unchanged"
                + (f", {count.reread:,} read anew" if count.reread else "")
                + (f", {count.closures_waiting:,} closures waiting" if count.closures_waiting else "")
            )


def replay(
    load: Annotated[int, typer.Argument(help="The load, accepted or refused: `kvalitet status --source …`.")],
    allow_closures: AllowClosures = None,
    allow_changes: AllowChanges = None,
    allow_jump: AllowJump = None,
) -> None:
    """Take a delivery in once more from the files that were kept, by the contract as it is today."""
    from kvalitet.intake import replay as step

    result = step(
        Settings.from_environment(),
        load,
        who_and_why(allow_closures),
        allow_changes=who_and_why(allow_changes),
        allow_jump=who_and_why(allow_jump),
    )
    console.print(f"{result.source_id}: {result.outcome}. {plain(result.message)}")
    print_loads(result)


def withdraw(
    load: Annotated[int, typer.Argument(help="The load to take back.")],
    reason: Reason,
    by: By = None,
) -> None:
    """Take an accepted delivery back: the state before it stands again, and the next night publishes it."""
    from kvalitet.intake.withdrawal import withdraw as step

    done = step(Settings.from_environment(), load, reason, by or user())
    console.print(f"Load {load} ({done.source_id}, {done.delivery}) is withdrawn.")
    for name in done.rows_closed:
        closed, reopened = done.rows_closed[name], done.rows_reopened[name]
        console.print(f"  {name}: {closed:,} rows closed, {reopened:,} opened again")
    if done.restored_by:
        console.print(f"Load {done.restored_by} stands for the state after load {done.state_of}; the source is stale.")
    for build_id in done.builds_ended:
        console.print(f"Build {build_id} rested on it and was ended.")
    console.print("Next: the night publishes without it, or `kvalitet night`. Ask the source for a corrected delivery.")


def purge() -> None:
    """Remove the files whose agreed time is over; `housekeeping` does so each morning. Their records stay."""
    from kvalitet.landing.retention import purge as step

    done = step(Settings.from_environment())
    console.print(f"{done.expired} files whose time was over, {done.orphans} that no load names.")


def check() -> None:
    """Compare certificate files and tonight's share of the kept files with their digests, as `housekeeping` does."""
    from kvalitet.evidence.files import check_files

    done = check_files(Settings.from_environment(), datetime.now(TIMEZONE).date())
    console.print(
        f"{done.certificates} certificate files and {done.originals} of {done.of_originals} kept files hold;"
        f" all are read in {done.nights} nights."
    )


def rotate_key() -> None:
    """Encrypt everything to a new key and forget the old one; one that was killed goes on."""
    from kvalitet.landing.keys import key_file
    from kvalitet.landing.rotation import rotate_key as step

    settings = Settings.from_environment()
    done = step(settings)
    console.print(f"{done} files are encrypted anew. Keep a copy of {key_file(settings)}; the old one opens nothing.")
