"""Commands that copy a whole installation, and bring it back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvalitet.cli.landing import By
from kvalitet.cli.output import console, plain
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.stated import user

if TYPE_CHECKING:
    from kvalitet.backup import Restored


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.command(epilog="Example: `kvalitet backup --to /mnt/backup/kvalitet --keys-to /mnt/safe/kvalitet-keys`")(backup)
    app.command(epilog="Example: `kvalitet restore /mnt/backup/kvalitet/kvalitet-20260103T040000Z --keys /mnt/safe/…`")(
        restore
    )


def backup(
    to: Annotated[Path, typer.Option(help="Where to: kvalitet-<time> is made in it.")],
    keys_to: Annotated[
        Path | None, typer.Option(help="Where the keys go, apart from the data; without it they are left out.")
    ] = None,
) -> None:
    """Copy the database, the kept files and the certificates; it may run while a night does."""
    from kvalitet.backup import back_up as step

    made = step(Settings.from_environment(), to, keys_to, lambda text: console.print(f"  {plain(text)}"))
    console.print(
        f"{made.path}: {made.bytes:,} bytes, {made.kept_files} kept files"
        f"{', Airflow' if made.airflow else ''}, {made.seconds:.0f} s."
    )
    if made.keys_path is None:
        console.print("The keys are NOT in it. Without them nobody can use it: --keys-to FOLDER, apart from this one.")
    elif made.keys_absent:
        console.print(f"Keys that are not at hand here and were not copied: {', '.join(made.keys_absent)}.")
    console.print("Not in it: the inbox, pages, logs, and passwords of roles (docs/backup.md).")
    if made.missing:
        raise KvalitetError(
            f"The backup is whole but for {len(made.missing)} kept files that the landing store should hold and does"
            f" not: {made.missing[0]}{', …' if len(made.missing) > 1 else ''}",
            "Look for them (KVALITET_LANDING); the backup's manifest lists them.",
        )


def restore(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder kvalitet-<time> that `kvalitet backup` made.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="What --keys-to wrote; without it the keys in place must fit.")
    ] = None,
    other_means: Annotated[
        str | None,
        typer.Option(help="No folder: the database was already brought back otherwise, e.g. 'point in time 03:00'."),
    ] = None,
    by: By = None,
) -> None:
    """Bring a backup back into an empty installation. One that was killed is run again."""
    who, settings = by or user(), Settings.from_environment()
    if (folder is None) == (other_means is None):
        raise KvalitetError("Restore what?", "Name the backup's folder, or --other-means TEXT; one of the two.")
    if folder is None:
        from kvalitet.backup.settling import settle_other_means

        settled = settle_other_means(settings, other_means or "", who)
        _print_settled(settled.says, settled.builds_ended)
        return
    from kvalitet.backup import restore as step

    _print(step(settings, folder, keys, who, lambda text: console.print(f"  {plain(text)}")))


def _print(restored: "Restored") -> None:
    found = restored.verification
    for label, names in (
        ("Runs of Airflow that were under way, now failed", restored.runs_ended),
        ("Named readers whose logins must be made again", restored.readers),
        ("Contracts that differ here from the backup's", restored.contracts_changed),
        ("Kept files that were missing already when the backup was taken", restored.kept_files_missing),
    ):
        if names:
            console.print(f"{label}: {plain(', '.join(names))}.")
    console.print(
        f"{restored.backup} is restored: {found.entries} certificates and {found.seen.tables} tables verified."
    )
    _print_settled(restored.settled.says, restored.settled.builds_ended)
    if found.faults:
        raise KvalitetError(
            "What came back is not what was signed: " + "; ".join(found.faults), "See docs/for-auditors.md."
        )


def _print_settled(says: str, builds_ended: tuple[int, ...]) -> None:
    if builds_ended:
        console.print(f"Builds that were under way, now failed: {', '.join(map(str, builds_ended))}.")
    if says:
        console.print(f"[bold]Nothing is taken in yet:[/] {plain(says)}.")
        console.print(
            "Carry each out again with `kvalitet person erase`, then"
            " `kvalitet person confirm-erasures --by NAME --reason '…'`."
        )
    else:
        console.print("No erasure was undone. The next night may run: `kvalitet up`.")
