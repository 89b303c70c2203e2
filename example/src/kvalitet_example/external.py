"""What the city ombudsman's and the Parliamentary Ombudsman's deliveries have in common."""

from datetime import date, timedelta

import numpy as np

from kvalitet_example import vocabulary as words
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR

INVESTIGATION_HEADER = (
    "Nummer", "Art", "Tema", "Lov", "Indledt", "Afsluttet", "Konklusion", "Førte til tiltag", "Sammenfatning",
)  # fmt: skip
RECOMMENDATION_HEADER = (
    "Nummer", "Anledning", "Tema", "Center", "Ansvarlig", "Afgivet", "Frist", "Lukket", "Status", "Anbefaling",
)  # fmt: skip
CONCLUSIONS = {"ingen_kritik": 0.25, "henstilling": 0.40, "kritik": 0.28, "alvorlig_kritik": 0.07}
OWNERS = (
    "Juridisk stab (fiktiv)",
    "Borgerservice (fiktiv)",
    "Ydelseskontoret (fiktiv)",
    "Beskæftigelseskontoret (fiktiv)",
)
#: Shares of recommendations without an owner, without a deadline, and closed on an unknown day.
WITHOUT_OWNER, WITHOUT_DEADLINE, WITHOUT_CLOSING_DAY = 0.06, 0.08, 0.03
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)

Row = list[str]


def danish(day: date | None) -> str:
    """The day as a Danish spreadsheet writes it, empty for None."""
    return day.strftime("%d-%m-%Y") if day else ""


def known(day: date, cutoff: date) -> date | None:
    """The day if it lies before the cut-off, otherwise None."""
    return day if day < cutoff else None


def day_in(random: np.random.Generator, year: int, months: int = 12) -> date:
    """A weekday in the first months of a year."""
    day = date(year, 1, 2) + timedelta(days=int(random.integers(0, months * 30)))
    return day + timedelta(days=max(0, 7 - day.isoweekday()) if day.isoweekday() > 5 else 0)


def draw(random: np.random.Generator, shares: dict[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return str(random.choice(list(shares), p=weights / weights.sum()))


def centre_on(random: np.random.Generator, day: date) -> str:
    """A centre that existed on that day."""
    centre = draw(random, {centre: share for centre, (_, share) in words.CENTRES.items()})
    return draw(random, words.SUCCESSION[centre]) if day >= words.REORGANISED and centre in words.SUCCESSION else centre


def investigations(
    random: np.random.Generator, prefix: str, kinds: tuple[str, ...], per_year: int, cutoff: date
) -> list[Row]:
    """Investigations: some ended in the year after, some still run. The newest do not state their result yet."""
    rows = []
    for year in YEARS:
        for number in range(1, per_year + 1):
            opened = day_in(random, year, months=9)
            ended = known(opened + timedelta(days=int(random.integers(90, 420))), cutoff)
            conclusion = draw(random, CONCLUSIONS) if ended else ""
            has_measures = ended and cutoff - ended > timedelta(days=60)
            law = draw(random, {name: share for name, (_, _, share) in words.LAWS.items()}) if number % 2 else ""
            rows.append([
                f"{prefix}U-{year}-{number:02d}", kinds[number % len(kinds)], draw(random, words.HANDLING_THEMES), law,
                danish(opened), danish(ended), conclusion,
                ("Nej" if conclusion == "ingen_kritik" else "Ja") if has_measures else "", "Se rapporten (fiktiv).",
            ])  # fmt: skip
    return rows


def recommendations(
    random: np.random.Generator, prefix: str, causes: list[tuple[str, str, date]], cutoff: date
) -> list[Row]:
    """One to three recommendations for each cause (number, theme, day).

    Most are followed in time, some late, and some are still open.
    """
    rows: list[Row] = []
    numbers: dict[int, int] = {}
    for cause, theme, given in causes:
        for _ in range(int(random.integers(1, 4))):
            numbers[given.year] = numbers.get(given.year, 0) + 1
            due = given + timedelta(days=int(random.integers(60, 240)))
            closed = known(due + timedelta(days=int(random.integers(-70, 50))), cutoff)
            never = random.random() < 0.04
            status = "delvist lukket" if never else "bortfaldet" if closed and random.random() < 0.05 else "lukket"
            is_open = never or closed is None
            flaw = random.random(3)
            rows.append([
                f"{prefix}A-{given.year}-{numbers[given.year]:03d}", cause, theme,
                centre_on(random, given) if random.random() < 0.5 else "",
                "" if flaw[0] < WITHOUT_OWNER else OWNERS[int(random.integers(len(OWNERS)))],
                danish(given), "" if flaw[1] < WITHOUT_DEADLINE else danish(due),
                "" if is_open or flaw[2] < WITHOUT_CLOSING_DAY else danish(closed),
                ("delvist lukket" if never else "åben") if is_open else status,
                f"Vejledningen om {theme.replace('_', ' ')} bør gennemgås (fiktiv).",
            ])  # fmt: skip
    return rows


def causes_of(investigated: list[Row]) -> list[tuple[str, str, date]]:
    """The investigations with a result other than no criticism: number, theme, day."""
    ended = [row for row in investigated if row[6] not in ("", "ingen_kritik")]
    return [(row[0], row[2], date(*map(int, reversed(row[5].split("-"))))) for row in ended]


def spoil(rows: list[Row], position: int, column: int, value: str) -> None:
    """Write a value that breaks the contract into one row."""
    rows[position] = [value if place == column else text for place, text in enumerate(rows[position])]
