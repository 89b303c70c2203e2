"""The plan of what is generated, before any row is drawn: how many complaints, in which months, known when."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from kvalitet.errors import KvalitetError

FIRST_YEAR, LAST_YEAR = 2019, 2024
FIRST_CUTOFF = date(2025, 1, 2)
#: The oldest snapshot that can be made, half a year after the first complaints.
FIRST_SNAPSHOT = date(FIRST_YEAR, 7, 1)
#: The quarter in which exactly a third of each month's complaints are repeats.
REPEAT_QUARTER = (2021, 4)
#: The ombudsman's report year (1 April 2022 to 31 March 2023) in which inquiries rise sharply.
RISE_YEAR = 2022
#: Inquiries per report year at 6,000 complaints. They are made up, and the rise is +41.6 %.
INQUIRIES = {2019: 604, 2020: 581, 2021: 637, 2022: 902, 2023: 866}
#: The administration's own volume: level through all years, higher after the holidays.
YEAR_LEVEL = {2019: 0.98, 2020: 0.95, 2021: 1.01, 2022: 1.02, 2023: 0.99, 2024: 1.00}
MONTH_LEVEL = (1.15, 1.05, 1.10, 0.95, 1.00, 0.95, 0.70, 0.95, 1.10, 1.10, 1.05, 0.80)

LEAST_COMPLAINTS, MOST_COMPLAINTS = 1_000, 10_000_000


@dataclass(frozen=True)
class Plan:
    """The sample of one seed and size. `complaints` is how many the first night's snapshot holds."""

    seed: int = 2019
    complaints: int = 6000

    def __post_init__(self) -> None:
        if not LEAST_COMPLAINTS <= self.complaints <= MOST_COMPLAINTS:
            raise KvalitetError(
                f"A sample of {self.complaints} complaints cannot be made.",
                f"Ask for between {LEAST_COMPLAINTS} and {MOST_COMPLAINTS}.",
            )

    def cutoff(self, night: int) -> date:
        """The stated cut-off of night 1, 2, …. The snapshot holds what was known when that day began.

        Nights before the first (0, -1, …) are older snapshots that a source may deliver late.
        """
        cutoff = FIRST_CUTOFF + timedelta(days=night - 1)
        if cutoff < FIRST_SNAPSHOT:
            raise KvalitetError(f"The sample knows nothing of {cutoff}.", f"Ask for {FIRST_SNAPSHOT} or later.")
        return cutoff

    @cached_property
    def months(self) -> list[tuple[int, int, int]]:
        """(year, month, complaints received in it). The counts add up to `complaints` exactly."""
        keys = [(year, month) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
        weights = np.array([YEAR_LEVEL[year] * MONTH_LEVEL[month - 1] for year, month in keys])
        exact = self.complaints * weights / weights.sum()
        counts = np.floor(exact).astype(int)
        counts[np.argsort(counts - exact, kind="stable")[: self.complaints - counts.sum()]] += 1
        return [(year, month, int(count)) for (year, month), count in zip(keys, counts, strict=True)]

    @property
    def arrivals(self) -> int:
        """The number of complaints that each later night adds. Half of them are late registrations."""
        return max(4, self.complaints // 1000)

    @cached_property
    def inquiries(self) -> dict[int, int]:
        """Inquiries to the fictional ombudsman per report year, in proportion to the sample's size."""
        return {year: round(count * self.complaints / 6000) for year, count in INQUIRIES.items()}

    def random(self, *purpose: int) -> np.random.Generator:
        """A random stream of its own for each purpose, so that chunks can be drawn in any order."""
        return np.random.default_rng([self.seed, *purpose])


def night_of(cutoff: date) -> int:
    """The night that has this cut-off, as the inverse of `Plan.cutoff`."""
    return (cutoff - FIRST_CUTOFF).days + 1


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
