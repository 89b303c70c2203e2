"""What the commands share: the console, tables in a terminal, and how options are read."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from kvalitet.errors import KvalitetError
from kvalitet.settings import TIMEZONE, Settings

console = Console(highlight=False)
FREE_TEXTS = ("message", "owner", "problems", "reason")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def plain(text: str) -> str:
    """Text that the console must not read as markup."""
    return text.replace("[", "\\[")


def day(text: str | None) -> date | None:
    """A date option. Raises KvalitetError where it is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise KvalitetError(f"{text} is not a date.", "Write it as yyyy-mm-dd.") from None


def local_inbox(settings: Settings) -> Path:
    """The inbox as a folder. Raises KvalitetError where it is not on this machine."""
    if not settings.inbox.startswith("file://"):
        raise KvalitetError("The inbox is not a local folder.", "Say where to write with --out.")
    return Path(settings.inbox.removeprefix("file://"))


def show_progress(step: str, detail: str) -> None:
    """A step that begins, or what came of it."""
    console.print(f"  {step:<16} {plain(detail)}")


def print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """Rows of one shape as a table."""
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for name in rows[0] if rows else ("none",):
        # In a narrow terminal the free texts take more lines; no figure and no date is cut.
        is_text = name in FREE_TEXTS
        width = 8 if is_text else max(len(name), *(len(_cell(row[name])) for row in rows), 0)
        table.add_column(str(name).replace("_", " "), no_wrap=not is_text, overflow="fold", min_width=width)
    for row in rows:
        table.add_row(*(plain(_cell(value)) for value in row.values()))
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(TIMEZONE):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
