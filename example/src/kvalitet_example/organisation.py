"""The fictional administration's units, and their succession on 1 July 2022."""

from datetime import date, timedelta
from pathlib import Path

from kvalitet_example import vocabulary as words
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

ADMINISTRATION_ID = "F01"
FOUNDED, RENAMED = date(2015, 1, 1), date(2023, 1, 1)
#: C01 changed its name, not its id, half a year after the reorganisation.
NEW_NAME = ("C01", "Jobcenter Nord og Havn (fiktiv)")
#: unit -> (name, centre, centre after the reorganisation)
UNITS = {
    "E011": ("Modtagelse Nord (fiktiv)", "C01", "C01"),
    "E021": ("Modtagelse Syd (fiktiv)", "C02", "C02"),
    "E031": ("Ydelse, team 1 (fiktiv)", "C03", "C09"),
    "E041": ("Ydelse, team 2 (fiktiv)", "C04", "C09"),
    "E051": ("Sygedagpenge, team 1 (fiktiv)", "C05", "C10"),
    "E052": ("Fleksjob, team 1 (fiktiv)", "C05", "C11"),
    "E061": ("Unge, team 1 (fiktiv)", "C06", "C06"),
}


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the snapshot of units and their succession as known at the cut-off. It is the same every night."""
    cutoff = plan.cutoff(night)
    folder = out / "organisation"
    units, succession = rows(cutoff)
    return [
        write_danish_csv(
            folder / f"enheder_{cutoff}.csv",
            ("Enhed", "Gyldig fra", "Gyldig til", "Navn", "Niveau", "Overordnet"),
            units,
            "utf-8",
        ),
        write_danish_csv(
            folder / f"efterfoelgere_{cutoff}.csv",
            ("Forgænger", "Efterfølger", "Ikrafttræden", "Vægt"),
            succession,
            "utf-8",
        ),
    ]


def rows(cutoff: date) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Units and successions as delivered: dates as yyyy-mm-dd, decimal comma."""
    units = [
        (unit, start.isoformat(), end.isoformat() if end and end < cutoff else "", *rest)
        for unit, start, end, *rest in _units()
        if start < cutoff
    ]
    succession = [
        (old, new, words.REORGANISED.isoformat(), f"{weight:g}".replace(".", ","))
        for old, successors in words.SUCCESSION.items()
        if cutoff > words.REORGANISED
        for new, weight in successors.items()
    ]
    return units, succession


def _units() -> list[tuple[str, date, date | None, str, str, str]]:
    last_old, last_name = words.REORGANISED - timedelta(days=1), RENAMED - timedelta(days=1)
    units: list[tuple[str, date, date | None, str, str, str]] = [
        (ADMINISTRATION_ID, FOUNDED, None, words.ADMINISTRATION, "forvaltning", "")
    ]
    for centre, (name, _) in words.CENTRES.items():
        ended = last_old if centre in words.SUCCESSION else last_name if centre == NEW_NAME[0] else None
        units.append((centre, FOUNDED, ended, name, "center", ADMINISTRATION_ID))
    units.append((NEW_NAME[0], RENAMED, None, NEW_NAME[1], "center", ADMINISTRATION_ID))
    units += [
        (centre, words.REORGANISED, None, name, "center", ADMINISTRATION_ID)
        for centre, name in words.NEW_CENTRES.items()
    ]
    for unit, (name, before, after) in UNITS.items():
        units.append((unit, FOUNDED, None if before == after else last_old, name, "enhed", before))
        if before != after:
            units.append((unit, words.REORGANISED, None, name, "enhed", after))
    return units
