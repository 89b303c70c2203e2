"""What is asked of a package that makes sample deliveries. Such a package names itself as an entry point of GROUP."""

from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from kvalitet.errors import KvalitetError

GROUP = "kvalitet.samples"


class Sample(Protocol):
    """Deliveries that are made up, for nights and tests without a source system."""

    def deliver(self, inbox: Path, night: int, complaints: int, seed: int = ...) -> list[Path]:
        """Write the deliveries of night 1, 2, 3, … below `inbox`, a folder per source, with the same bytes each time.

        `complaints` is how many the first night's snapshot holds. Returns the files.
        """
        ...

    def next_night(self, inbox: Path) -> int:
        """The night after the newest one delivered below `inbox`, or 1 where there is none."""
        ...

    def cutoff(self, night: int) -> date:
        """The day up to which a night's deliveries know."""
        ...


def find_sample(name: str) -> Sample:
    """The installed sample of that name. Raises KvalitetError where it is missing."""
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return cast(Sample, entry.load())
    raise KvalitetError(
        f"The sample deliveries {name} are asked for, but no installed package makes them.",
        "Install that package, or take the line `sample:` out of the administration's administration.yaml.",
    )
