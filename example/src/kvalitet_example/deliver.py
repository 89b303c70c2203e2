"""Writes the deliveries of one night, source by source."""

from datetime import date
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet_example import appeals, audit, ombudsman, organisation
from kvalitet_example.cases import chunks
from kvalitet_example.earlier import deliver_case_lists
from kvalitet_example.files import whole_file, write_quoted_csv
from kvalitet_example.plan import Plan, night_of
from kvalitet_example.snapshots import CORRUPTIONS, complaint_rows, point_rows
from kvalitet_example.sources import SOURCES


def generate(
    out: Path, night: int = 1, seed: int = 2019, complaints: int = 6000, corrupt: str | None = None
) -> list[Path]:
    """Write the deliveries of night 1, 2, 3, … below `out`, a folder per source. Writes the same bytes each time.

    `complaints` is how many the first night's snapshot holds (1,000 to 10,000,000). `corrupt` (one of CORRUPTIONS)
    makes a complaint delivery that follows its contract but is wrong. Returns the files written. Raises KvalitetError
    for an impossible night, size or corruption.
    """
    if corrupt is not None and corrupt not in CORRUPTIONS:
        raise KvalitetError(f"There is no corruption {corrupt}.", f"Choose one of {', '.join(CORRUPTIONS)}.")
    if night < 1:
        raise KvalitetError(f"There is no night {night}.", "Nights are counted from 1.")
    plan = Plan(seed, complaints)
    paths = organisation.deliver(out, plan, night)
    for source in (ombudsman, appeals, audit):
        paths += source.deliver(out, plan, night)
    for module in SOURCES.values():
        paths += module.deliver(out, plan, night)
    return paths + _complaints(out / "bif_complaints", plan, night, corrupt)


def generate_earlier(out: Path, cutoff: date, seed: int = 2019, complaints: int = 6000) -> list[Path]:
    """Write older snapshots, as the systems that can look back would have delivered them on `cutoff`.

    Those are the case system, the organisation, the case lists of earlier.py and the sources whose module says
    `KNOWS_EARLIER`. The others had delivered nothing by then. Raises KvalitetError for a day that is not before the
    first night.
    """
    if night_of(cutoff) >= 1:
        raise KvalitetError(f"{cutoff} is not before the first night.", "Ask for that night with --night.")
    plan, night = Plan(seed, complaints), night_of(cutoff)
    paths = organisation.deliver(out, plan, night) + deliver_case_lists(out, plan, cutoff)
    for module in SOURCES.values():
        if getattr(module, "KNOWS_EARLIER", False):
            paths += module.deliver(out, plan, night)
    return paths + _complaints(out / "bif_complaints", plan, night, None)


def _complaints(folder: Path, plan: Plan, night: int, corrupt: str | None) -> list[Path]:
    cutoff = plan.cutoff(night)
    cases, points = folder / f"klager_{cutoff}.csv", folder / f"klagepunkter_{cutoff}.csv"
    with whole_file(cases) as cases_out, whole_file(points) as points_out:
        for number, chunk in enumerate(chunks(plan, night)):
            write_quoted_csv(cases_out, complaint_rows(plan, night, chunk, corrupt), number == 0)
            write_quoted_csv(points_out, point_rows(plan, night, chunk), number == 0)
    return [cases, points]


def next_night(out: Path) -> int:
    """The night after the newest one delivered below `out`, or 1 where there is none."""
    stems = (file.stem.removeprefix("klager_") for file in (out / "bif_complaints").glob("klager_*.csv"))
    return 1 + max((0, *(night_of(date.fromisoformat(stem)) for stem in stems)))
