"""To be written."""

from pathlib import Path

from kvalitet.sample.defects import Defect
from kvalitet.sample.plan import Plan


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the delivery of that night; returns the files."""
    return []


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, those planned to be set aside included; empty without a delivery."""
    return {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return []
