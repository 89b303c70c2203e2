"""Where the risk lies, what supervision is planned for it, and whether external bodies found the same."""

from dataclasses import dataclass

from kvalitet.reports import danish
from kvalitet.reports.model import Indicators, PlanLine, RiskLevel, Triangulation

AREA = "risikoomraade"


@dataclass(frozen=True)
class Comparison:
    """One risk area, with its periods newest first. `telling` is the newest period with enough cases."""

    name: str
    periods: tuple[Triangulation, ...]
    telling: Triangulation


def picture(data: Indicators) -> list[tuple[int | None, str, list[RiskLevel]]]:
    """The risk areas by level, the highest first and those not assessed last. Within a level they are by score."""
    found: dict[int | None, list[RiskLevel]] = {}
    for area in sorted(data.risks, key=lambda r: (-(r.level or 0), -(r.score or 0), danish.order(r.name_da))):
        found.setdefault(area.level, []).append(area)
    return [(level, areas[0].level_name_da or "Ikke vurderet", areas) for level, areas in found.items()]


def plan(data: Indicators) -> list[tuple[int, list[tuple[str, PlanLine]]]]:
    """The plan year by year, newest first. Within a year, the highest level comes first."""
    found: dict[int, list[tuple[str, PlanLine]]] = {}
    for line in sorted(data.plan, key=lambda p: -p.planned_year):
        found.setdefault(line.planned_year, []).append((data.named(AREA, line.risk_area_id), line))
    return [
        (year, sorted(lines, key=lambda n: (-(n[1].level or 0), danish.order(n[0])))) for year, lines in found.items()
    ]


def comparisons(data: Indicators) -> list[Comparison]:
    """The comparisons by risk area. Areas that disagree in their newest telling period come first."""
    found: dict[str, list[Triangulation]] = {}
    for row in sorted(data.triangulation, key=lambda t: t.period_label, reverse=True):
        found.setdefault(row.risk_area_id, []).append(row)
    named = [
        Comparison(
            data.named(AREA, area),
            tuple(rows),
            next((row for row in rows if row.agreement_da != "for_lidt_data"), rows[0]),
        )
        for area, rows in found.items()
    ]
    return sorted(named, key=lambda c: (not c.telling.is_disagreement, danish.order(c.name)))
