"""The legal staff's list of court cases, kept in a Danish spreadsheet and saved as CSV."""

from datetime import timedelta
from pathlib import Path

from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.external import YEARS, centre_on, danish, day_in, draw, known, spoil
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

HEADER = (
    "Rettens sagsnummer", "Instans", "Anlagt", "Afsluttet", "Udfald", "Lov", "Center", "Forvaltningens sagsnummer",
    "Parter",
)  # fmt: skip
OUTCOMES = {"vundet": 0.58, "tabt": 0.17, "forlig": 0.14, "haevet": 0.11}
COURTS = {"BS": "byret", "BL": "landsret"}
#: Share of the cases lost or won in the city court that go on to the high court.
APPEALED = 0.2


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the list, which comes monthly, on the first night only."""
    if night > 1:
        return []
    path = out / "court_cases" / f"retssager_{plan.cutoff(night)}.csv"
    return [write_danish_csv(path, HEADER, rows(plan), "windows-1252")]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    return {"cases": len(rows(plan))} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    if night > 1:
        return []
    return [
        Defect("court_cases", "cases", "concluded_date", "date_impossible", 1),
        Defect("court_cases", "cases", "own_case_number", "pattern", 1),
    ]


def rows(plan: Plan) -> list[list[str]]:
    """Every case with what was known at the first cut-off, in the spreadsheet's order."""
    random, cutoff = plan.random(110), plan.cutoff(1)
    found: list[list[str]] = []
    for year in YEARS:
        for _ in range(max(14, round(36 * plan.complaints / 6000))):
            brought = day_in(random, year)
            case = ("BS", f"{int(random.integers(100, 99_999)):05d}", brought)
            law = draw(random, {name: share for name, (_, _, share) in words.LAWS.items()})
            own = f"{year - 1} - {int(random.integers(10_000, 19_999))}" if random.random() < 0.7 else ""
            while case:
                court, number, begun = case
                concluded = known(begun + timedelta(days=int(random.integers(150, 700))), cutoff)
                outcome = draw(random, OUTCOMES) if concluded else ""
                found.append([
                    f"{court}-{len(found):02d}{number[2:]}/{begun.year}", COURTS[court], danish(begun),
                    danish(concluded), outcome, law, centre_on(random, begun), own, "Borger mod kommunen (fiktiv)",
                ])  # fmt: skip
                goes_on = court == "BS" and concluded and outcome in ("vundet", "tabt") and random.random() < APPEALED
                begins = concluded + timedelta(days=21) if concluded and goes_on else None
                case = ("BL", number, begins) if begins and begins < cutoff else None
    spoil(found, 5, HEADER.index("Afsluttet"), "31-04-2021")
    spoil(found, 9, HEADER.index("Forvaltningens sagsnummer"), "F2 2018/77")
    return found
