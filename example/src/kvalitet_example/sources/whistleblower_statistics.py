"""The whistleblower scheme's half-yearly counts: period, category and count, and nothing else."""

from datetime import date
from pathlib import Path

from kvalitet_example.defects import Defect
from kvalitet_example.external import YEARS, danish
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

HEADER = ("Fra", "Til", "Kategori", "Antal")


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the statistics, which come twice a year, on the first night only."""
    if night > 1:
        return []
    path = out / "whistleblower_statistics" / f"whistleblower_{plan.cutoff(night)}.csv"
    return [write_danish_csv(path, HEADER, rows(plan), "utf-8")]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    return {"statistics": len(rows(plan))} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """None: the contract allows no row to break it."""
    return []


def rows(plan: Plan) -> list[list[str]]:
    """The counts. Of those received, some are rejected, some examined, the rest are open. Few go to the police."""
    random = plan.random(163)
    found = []
    for year in YEARS:
        for begin, end in ((date(year, 1, 1), date(year, 6, 30)), (date(year, 7, 1), date(year, 12, 31))):
            received = int(random.integers(9, 21))
            rejected = int(random.integers(3, received // 2 + 1))
            in_hand = received - rejected if end >= date(2024, 12, 31) else 0
            counts = {
                "modtaget": received,
                "undersoegt": received - rejected - in_hand // 2,
                "afvist": rejected,
                "under_behandling": in_hand // 2,
                "politianmeldt": int(random.random() < 0.3),
            }
            found += [[danish(begin), danish(end), category, str(count)] for category, count in counts.items()]
    return found
