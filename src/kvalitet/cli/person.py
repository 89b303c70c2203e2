"""Commands about one person. The number is typed in, hidden, and is in no argument, file, log or exception."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvalitet.cli.landing import By, Reason
from kvalitet.cli.output import console, print_rows
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.stated import user

if TYPE_CHECKING:
    from kvalitet.persons.number import Number


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    person = typer.Typer(
        help="One person: what is held, erasing it, and the key of the pseudonyms.", no_args_is_help=True
    )
    person.command(epilog="Example: `kvalitet person show --out access-request.json`")(show)
    person.command(epilog="Example: `kvalitet person erase --reason 'request of 3 March, case 2026-114'`")(erase)
    person.command(
        "confirm-erasures",
        epilog="Example: `kvalitet person confirm-erasures --by 'A. Hansen' --reason 'done, 2026-114'`",
    )(confirm_erasures)
    person.command("rotate-key", epilog="Example: `kvalitet person rotate-key`")(rotate_key)
    app.add_typer(person, name="person")


def _asked() -> "Number":
    from kvalitet.persons.number import Number

    return Number.typed(typer.prompt("CPR number (hidden)", hide_input=True))


def show(
    out: Annotated[Path | None, typer.Option(help="A JSON file that only you can read, instead of the screen.")] = None,
) -> None:
    """Everything held on one person: rows with their history, and the kept files that name them."""
    from kvalitet.persons.held import held

    found = held(Settings.from_environment(), _asked())
    if out is not None:
        try:
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise KvalitetError(f"{out} cannot be made: {error.strerror}.", "Name a new file in --out.") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(found, file, default=str, ensure_ascii=False, indent=2)
    for name, rows in found.items():
        if out is None:
            print_rows(name, rows)
        else:
            console.print(f"{name}: {len(rows)} rows")
    if not found:
        console.print("Nothing is held on this person.")


def erase(
    reason: Reason,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Make it impossible to find out whom a person's rows are about; figures stay, and stay verifiable."""
    from kvalitet.persons.erasure import erase as step

    number = _asked()
    if not yes:
        typer.confirm("This cannot be undone. Was the person erased at the source first? Erase", abort=True)
    done = step(Settings.from_environment(), number, reason, by or user())
    if done.erasure_id is None:
        console.print("Nothing is held on this person.")
        return
    console.print(
        f"Erasure {done.erasure_id}: {done.rows_delinked:,} rows of raw, {done.rows_in_builds:,} of builds,"
        f" {done.files_rewritten:,} kept files written anew, {done.files_destroyed:,} destroyed."
    )


def rotate_key(by: By = None) -> None:
    """Give the pseudonyms a new key: every row is brought up to it, and repeats are found as before."""
    from kvalitet.persons.rekeying import rotate_key as step

    settings = Settings.from_environment()
    rows = step(settings, by or user())
    console.print(f"{rows:,} rows have a new pseudonym. Keep a copy of {settings.pseudonym_key_file} elsewhere.")


def confirm_erasures(
    by: Annotated[str, typer.Option(help="Who says so.")],
    reason: Annotated[str, typer.Option(help="On what grounds; it is kept.")],
) -> None:
    """Say that the erasures which a restore undid were carried out again; until then nothing is taken in or built."""
    from kvalitet.persons.confirmation import confirm as step

    settled = step(Settings.from_environment(), by, reason)
    console.print("Deliveries are taken in again." if settled else "No restore was waiting for this.")
