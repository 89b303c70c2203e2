"""The deliveries of a night, as the product asks for them (kvalitet.sample.Sample)."""

from datetime import date
from pathlib import Path

from kvalitet_example.deliver import generate, next_night
from kvalitet_example.plan import Plan

__all__ = ["cutoff", "deliver", "next_night"]


def deliver(inbox: Path, night: int, complaints: int, seed: int = 2019) -> list[Path]:
    """Write the deliveries of a night below `inbox` and return the files."""
    return generate(inbox, night=night, seed=seed, complaints=complaints)


def cutoff(night: int) -> date:
    """The day up to which a night's deliveries know."""
    return Plan().cutoff(night)
