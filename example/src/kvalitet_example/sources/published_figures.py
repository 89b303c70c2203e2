"""Single figures that others have published, retyped. Nothing here is made up."""

from pathlib import Path

from kvalitet_example import published
from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

HEADER = (
    "Udgivelse", "Udgiver", "Titel", "Udgivet", "Adresse", "Kilde", "Myndighed", "Mål", "Kategori", "Periodetype",
    "Periode", "Enhed", "Værdi", "Decimaler", "Note",
)  # fmt: skip


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the retyped figures, on the first night only."""
    if night > 1:
        return []
    path = out / "published_figures" / f"offentliggjorte_tal_{plan.cutoff(night)}.csv"
    return [write_danish_csv(path, HEADER, rows(), "utf-8-sig")]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery. Empty without a delivery."""
    return {"figures": len(rows())} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """None: real figures are not spoilt."""
    return []


def rows() -> list[list[str]]:
    """The figures, each with its publication."""
    publications = {row["Udgivelse"]: row for row in published.rows("offentliggjorte_udgivelser")}
    figures = [publications[row["Udgivelse"]] | row for row in published.rows("offentliggjorte_tal")]
    return [[row[name] for name in HEADER] for row in figures]
