"""Run as `python -m benchmarks`: measures, prints a table, and keeps the figures with what they were measured on."""

import os
import signal
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import airflow, chain, intake, night, sample_night
from benchmarks.machine import machine_facts, short_name, software_facts
from benchmarks.measured import CommandFailed
from benchmarks.place import ROOT, Place, place
from benchmarks.results import Figures, write
from kvalitet.errors import KvalitetError
from kvalitet.settings import TIMEZONE

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


class Part(StrEnum):
    INTAKE = "intake"
    NIGHT = "night"
    CHAIN = "chain"
    SAMPLE = "sample"
    AIRFLOW = "airflow"


def measure(
    complaints: Annotated[int, typer.Option(min=2000, help="Complaints on the first night.")] = 1_000_000,
    repeat: Annotated[int, typer.Option(min=1, help="How often each is measured, anew from an empty warehouse.")] = 1,
    publications: Annotated[int, typer.Option(min=2, help="Length of the chain.")] = chain.ENTRIES,
    without_airflow: Annotated[bool, typer.Option("--without-airflow", help="Leave Airflow's share out.")] = False,
    only: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given more than once.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the result.")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure intake, whole nights and Airflow's share, each compared with a floor in the same run."""
    parts = [part for part in only or list(Part) if not (without_airflow and part is Part.AIRFLOW)]
    figures, began = Figures(), datetime.now(TIMEZONE)
    facts: dict[str, object] = {
        "measured_at": began.isoformat(timespec="seconds"),
        "machine": machine_facts(),
        "options": {"complaints": complaints, "repeat": repeat, "parts": [str(part) for part in parts]},
    }
    with console.status("Starting") as status:

        def say(text: str) -> None:
            status.update(text)
            if not console.is_terminal:
                console.print(text)

        with place(complaints) as made:
            facts["software"] = software_facts(ROOT, _postgres(made))
            for number in range(repeat):
                if Part.INTAKE in parts:
                    intake.measure(made, figures, say)
                if Part.NIGHT in parts:
                    night.measure(made, figures, say, do_compare=number == 0)
                if Part.CHAIN in parts:
                    chain.measure(made, figures, say, publications)
        if Part.SAMPLE in parts:
            sample_night.measure(figures, say, repeat)
        if Part.AIRFLOW in parts:
            airflow.measure(figures, say, repeat, min(complaints, airflow.COMPLAINTS))
    console.print(
        f"[bold]Kvalitet's benchmarks[/], {complaints:,} complaints, {repeat} × on {facts['machine']['cpu']}"  # type: ignore[index]
    )
    figures.show(console)
    file = write(out, f"{began:%Y-%m-%d}-{short_name()}", facts, figures)
    console.print(f"Read the ratios, not the seconds: benchmarks/README.md. Kept in {file}", soft_wrap=True)


def _postgres(made: Place) -> str:
    with made.admin() as connection:
        row = connection.execute("show server_version").fetchone()
    return row[0] if row else "unknown"


def main() -> None:
    for name in [name for name in os.environ if name.startswith("KVALITET_")]:
        del os.environ[name]  # a server of its own, whatever is set in the shell
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        typer.run(measure)
    except (CommandFailed, KvalitetError, night.StarsDiffer) as error:
        Console(stderr=True, highlight=False).print(f"[bold red]Stopped.[/] {error}", markup=True, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
