"""Commands about rows set aside: what stands open, for how long and whose it is, and accepting it."""

import json
from typing import Annotated

import typer

from kvalitet.cli.output import Json, console, plain, print_rows
from kvalitet.settings import Settings

#: Heading -> column of audit.reject_life.
SHOWN = {
    "table": "table_name", "delivery": "first_delivery", "sheet": "sheet", "row": "row_number", "days": "age_days",
    "loads": "loads", "held": "holds_previous", "problems": "problems",
}  # fmt: skip
MOST_ROWS = 100

app = typer.Typer(
    help="Rows set aside: open, accepted or resolved, with their age and owner.",
    epilog="Example: `kvalitet rejects`, `kvalitet rejects --source bif_complaints --json`",
    invoke_without_command=True,
)


def add_to(main: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    main.add_typer(app, name="rejects")


@app.callback()
def rejects(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Row by row, of this source.")] = None,
    state: Annotated[str, typer.Option(help="open, accepted or resolved.")] = "open",
    as_json: Json = False,
) -> None:
    """Rows set aside: open, accepted or resolved, with their age and owner."""
    if context.invoked_subcommand:
        return
    from kvalitet.intake.rejects import read_rejects

    rows = read_rejects(Settings.from_environment(), source, state)
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=2))
        return
    if source is None:
        print_rows(f"Rows set aside, {state}", [{k: v for k, v in row.items() if k != "owner"} for row in rows])
        console.print("Row by row, with problems and owner: --source.")
        return
    print_rows(
        f"Rows set aside, {state}: {source}",
        [{heading: row[name] for heading, name in SHOWN.items()} for row in rows[:MOST_ROWS]],
    )
    console.print("Row: line of the text file, row of the sheet, or number in the answer, of that delivery.")
    if len(rows) > MOST_ROWS:
        console.print(f"{len(rows) - MOST_ROWS} more: --json, or audit.reject_life.")
    for owner in {f"Owner: {row['owner']}; support: {row['support']}." for row in rows if row["owner"]}:
        console.print(plain(owner))


@app.command(
    epilog="Example: `kvalitet rejects accept bif_complaints complaints --row 17 --by 'A. Hansen'"
    " --reason 'A test case of the case system.'`"
)
def accept(
    source: Annotated[str, typer.Argument(help="The contract's id, e.g. bif_complaints.")],
    table: Annotated[str, typer.Argument(help="The contract's table, e.g. complaints.")],
    reason: Annotated[str, typer.Option(help="Why the rows may stand as they are; it is kept for good.")],
    by: Annotated[str, typer.Option(help="Who decides: a person or an office.")],
    row: Annotated[
        list[int] | None, typer.Option(help="A row's number: line of the file, or row of the sheet.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="All open rows of the table that break this rule.")] = None,
    delivery: Annotated[str | None, typer.Option(help="The delivery whose file the row is numbered in.")] = None,
) -> None:
    """Accept rows that no later delivery will bring in order; they stay out of the figures."""
    from kvalitet.intake.rejects import accept as step

    done = step(Settings.from_environment(), source, table, reason, by, row, rule, delivery)
    before = f", {done.already} had been before" if done.already else ""
    console.print(f"{source} {table}: {done.rows} rows accepted{before}.")
