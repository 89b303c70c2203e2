"""Labour-market figures as jobindsats gives them: Variables and Data as JSON, and the same as CSV. Fictional."""

import json
from pathlib import Path

from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR, Plan

PERSONS = "Forventet og faktisk antal fuldtidspersoner på offentlig forsørgelse: "
SHARES = "Forventet og faktisk andel fuldtidspersoner på offentlig forsørgelse: "
LABELS = (
    "Area", "Periode", "Ydelsesgrupper", PERSONS + "Forventet antal", PERSONS + "Faktisk antal",
    PERSONS + "Forskel mellem forventet og faktisk antal", SHARES + "Forventet andel (pct.)",
    SHARES + "Faktisk andel (pct.)", SHARES + "Forskel mellem forventet og faktisk andel (pct. point)",
    "Placering på benchmarkranglisten",
)  # fmt: skip
#: Area -> people of working age, the share on public support in 2019 in percent. Made up.
AREAS = {words.AUTHORITY: (52_000, 15.8), "Hele landet (fiktiv)": (3_610_000, 14.9)}
#: Benefit group -> share of all. These are only some of the groups, so their shares add up to less than one.
GROUPS = {"A-dagpenge mv.": 0.19, "Sygedagpenge mv.": 0.15, "Kontanthjælp mv.": 0.21}
TOTAL = "Ydelsesgrupper i alt"
#: Level against 2019 in the pandemic's year and the recovery after it.
YEAR_LEVEL = {2019: 1.0, 2020: 1.07, 2021: 1.02, 2022: 0.94, 2023: 0.93, 2024: 0.95}
NEWEST = (LAST_YEAR, 3)  # known in the first days of the year after
SPOILT = (("2020QMAT02", "A-dagpenge mv.", 4, "n/a"), ("2022QMAT01", "Sygedagpenge mv.", 7, "1500"))

Cell = str | int | float | None


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the API's JSON as a file, on the first night only."""
    if night > 1:
        return []
    path = out / "jobindsats" / f"offentlig_forsoergelse_{plan.cutoff(night)}.json"
    with whole_file(path) as file:
        file.write(as_json(rows(plan)))
    return [path]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    return {"public_support": len(rows(plan))} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    if night > 1:
        return []
    return [
        Defect("jobindsats", "public_support", "actual_persons", "number_format", 1),
        Defect("jobindsats", "public_support", "actual_pct", "out_of_range", 1),
    ]


def rows(plan: Plan) -> list[list[Cell]]:
    """One row per area, rolling year and benefit group, in the order of LABELS."""
    random = plan.random(16)
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    periods = [(year, quarter) for year in years for quarter in range(1, 5) if (year, quarter) <= NEWEST]
    made: list[list[Cell]] = []
    for area, (people, share_pct) in AREAS.items():
        for year, quarter in periods:
            actual_pct = share_pct * YEAR_LEVEL[year] * random.normal(1, 0.008)
            expected_pct = share_pct * YEAR_LEVEL[year] * 1.01
            for group, part in {TOTAL: 1.0, **GROUPS}.items():
                period = f"{year}QMAT{quarter:02d}"
                made.append(_row(area, period, group, people, expected_pct * part, actual_pct * part))
    return [_spoilt(row) for row in made]


def _row(area: str, period: str, group: str, people: int, expected_pct: float, actual_pct: float) -> list[Cell]:
    expected, actual = round(people * expected_pct / 100), round(people * actual_pct / 100)
    shares = (round(expected_pct, 1), round(actual_pct, 1))
    rank: Cell = "." if area != words.AUTHORITY or group != TOTAL else 31 + round(10 * (actual_pct - expected_pct))
    return [area, period, group, expected, actual, expected - actual, *shares, round(shares[0] - shares[1], 1), rank]


def _spoilt(row: list[Cell]) -> list[Cell]:
    for period, group, place, text in SPOILT:
        if row[:3] == [words.AUTHORITY, period, group]:
            return [*row[:place], text, *row[place + 1 :]]
    return row


def as_json(made: list[list[Cell]], labels: tuple[str, ...] = LABELS) -> bytes:
    """The answer of data/<table>/json: one object in a list."""
    answer = {"Variables": [{"Label": label} for label in labels], "Data": made}
    return json.dumps([answer], ensure_ascii=False).encode()


def as_csv(made: list[list[Cell]], labels: tuple[str, ...] = LABELS) -> bytes:
    """The answer of data/<table>/csv: semicolons, decimal commas, a byte order mark."""
    lines = [[str(cell).replace(".", ",") if isinstance(cell, float) else str(cell) for cell in row] for row in made]
    return "".join(";".join(line) + "\r\n" for line in [labels, *lines]).encode("utf-8-sig")
