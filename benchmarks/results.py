"""The figures of one run: collected, shown as a table, kept as JSON."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass
class Figure:
    """One measured quantity with a value per repeat. `aim` is what it should stay below, which is not enforced."""

    group: str
    name: str
    unit: str
    aim: float | None = None
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return round(median(self.values), 3)

    def to_json(self) -> dict[str, object]:
        return {
            "group": self.group, "name": self.name, "unit": self.unit, "aim": self.aim,
            "min": min(self.values), "median": self.median, "values": self.values,
        }  # fmt: skip


class Figures:
    """All figures, in the order in which they were first measured."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str], Figure] = {}

    def add(self, group: str, name: str, value: float, unit: str = "s", aim: float | None = None) -> None:
        figure = self._figures.setdefault((group, name), Figure(group, name, unit, aim))
        figure.values.append(round(value, 3))

    def to_json(self) -> list[dict[str, object]]:
        return [figure.to_json() for figure in self._figures.values()]

    def show(self, console: Console) -> None:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("", no_wrap=True)
        for name, width in (("min", 8), ("median", 8), ("", 2), ("aim", 12)):
            table.add_column(name, justify="right" if width == 8 else "left", no_wrap=True, min_width=width)
        shown = ""
        for figure in self._figures.values():
            if figure.group != shown:
                table.add_section()
                table.add_row(f"[bold]{figure.group}[/]")
                shown = figure.group
            table.add_row(
                f"  {figure.name}", _number(min(figure.values)), _number(figure.median), figure.unit, _aim(figure)
            )
        console.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    colour, word = ("green", "met") if figure.median <= figure.aim else ("yellow", "missed")
    return f"≤ {figure.aim:g} [{colour}]{word}[/]"


def write(folder: Path, name: str, facts: dict[str, object], figures: Figures) -> Path:
    """Write the run to `folder`/`name`.json. A second run of that name gets a number."""
    folder.mkdir(parents=True, exist_ok=True)
    file, number = folder / f"{name}.json", 1
    while file.exists():
        number += 1
        file = folder / f"{name}-{number}.json"
    text = json.dumps(facts | {"figures": figures.to_json()}, ensure_ascii=False, indent=2)
    file.write_text(text + "\n", encoding="utf-8")
    return file
