"""The short table that a night ends with, in the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kvalitet.nights.night import NightResult
from kvalitet.settings import Settings


def figure(number: int | None) -> str:
    """A count with thin groups of three, as it is read in a terminal."""
    return "–" if number is None else f"{number:,}".replace(",", " ")


def print_result(settings: Settings, console: Console, result: NightResult) -> None:
    """Print what was delivered per source, what the gate said and what was published."""
    table = Table(title="The night", title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
    for name in ("source", "outcome"):
        table.add_column(name, no_wrap=True)
    for name in ("delivered", "accepted", "set aside"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.sources:
        colour = {"accepted": "green", "nothing_new": "dim", "beside": "dim"}.get(row.outcome or "", "yellow")
        counts = [figure(count) for count in (row.delivered, row.accepted, row.rejected)]
        table.add_row(row.source_id, f"[{colour}]{row.outcome or '–'}[/]", *counts)
    console.print()
    console.print(table)
    for row in result.sources:
        if row.stale_reason:
            console.print(f"[yellow]Stale[/]      {row.source_id}: {escape(row.stale_reason)}", soft_wrap=True)
    console.print(f"[bold]Gate[/]       {escape(_gate(result))}", soft_wrap=True)
    for check in result.failed_critical:
        of = f"{figure(check['violations'])} of {figure(check['denominator'])}"
        why = check["detail"] if check["status"] == "error" else of
        console.print(
            f"           [red]{check['check_id']}[/]  {escape(check['description'])}  ({why})", soft_wrap=True
        )
        console.print(f"           {escape(check['advice_engineer'])}", soft_wrap=True)
    console.print(f"[bold]Published[/]  {escape(published(result))}", soft_wrap=True)
    if result.wrong_clock:
        console.print(f"[yellow]Clock[/]      {escape(result.wrong_clock)}", soft_wrap=True)


def _gate(result: NightResult) -> str:
    if not result.checks.total:
        return "was not asked."
    said = {"held_back": "held the build back", "failed": "was asked"}.get(
        result.build_status or "", "let the build through"
    )
    return f"{said}: {result.checks}."


def published(result: NightResult) -> str:
    """One sentence on what readers see after the night."""
    if result.publication_id is not None:
        return f"publication {result.publication_id}, from build {result.build_id}."
    if result.build_id is None:
        return "nothing: nothing is new since the last publication, which readers keep."
    return f"nothing: build {result.build_id} ended as {result.build_status}. Readers keep the previous publication."
