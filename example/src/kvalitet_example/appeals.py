"""Deliveries of Ankestyrelsen's statistics: real publications retyped, and a fictional municipality's quarters."""

from pathlib import Path

import numpy as np

from kvalitet_example import published
from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR, Plan

PUBLICATIONS = ("Udgivelse", "Udgiver", "Titel", "Udgivet", "Adresse")
SHARES = (
    "Kilde_udgivelse", "Myndighed", "År", "Lov", "Stadfæstet pct", "Ændret pct", "Hjemvist pct", "Omgjort pct",
    "Afgjorte sager",
)  # fmt: skip
QUARTERS = ("Kilde_udgivelse", "Myndighed", "År", "Kvartal", "Lov", "Overordnet lov", "Udfald", "Antal")

FIRST, RESTATED = "eksempelby_2024-12", "eksempelby_2025-01"
PARENT = "Beskæftigelseslovgivningen"
#: Stated beside the laws, as the real data bank does, so that a hidden small count does not hide the whole.
TOTAL = "Kommunale sager i alt"
#: law -> (its parent, cases per quarter). The parent's own figures are the sum of its children.
LAWS = {
    "Sygedagpengeloven": ("", 34),
    "Lov om aktiv socialpolitik": (PARENT, 41),
    "Lov om aktiv beskæftigelsesindsats": (PARENT, 17),
    "Lov om social pension": ("", 13),
    "Integrationsloven": ("", 3),
}
OUTCOMES = ("Stadfæstelse", "Ændring", "Hjemvisning", "Afvisning")
OUTCOME_SHARES = (0.66, 0.12, 0.15, 0.07)
WHOLE_YEAR = 5
LAST_QUARTER = (LAST_YEAR, 3)  # the newest that the December publication could know
#: The later publication restates a quarter of a whole year, so that the year changes too, and one of an unfinished
#: year. Two cases move from Stadfæstelse to Hjemvisning, and one case is added.
RESTATED_QUARTERS, RESTATED_LAW, MOVED = ((2023, 4), (2024, 2)), "Lov om aktiv socialpolitik", 2
SUPPRESSED_BELOW, SHARES_SUPPRESSED_BELOW = 3, 15

SPOILT_SHARE = (FIRST, 2021, "Lov om social pension")  # a decimal point where a comma is agreed
SPOILT_QUARTER = (2020, 3, "Integrationsloven", "Afvisning")
PLANNED = (
    Defect("ankestyrelsen_statistics", "outcome_shares", "reversed_pct", "number_format", 1),
    Defect("ankestyrelsen_statistics", "quarter_outcomes", "cases", "integer_format", 1),
)

Counts = dict[tuple[int, int, str], np.ndarray]  # (year, quarter, law) -> cases per outcome


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the December publication on night 1, and one that restates two quarters on night 2.

    Later nights write nothing.
    """
    if night > 2:
        return []
    cutoff = plan.cutoff(night)
    folder = out / "ankestyrelsen_statistics"
    publications, shares, quarters = rows(plan, night)
    return [
        write_danish_csv(folder / f"udgivelser_{cutoff}.csv", PUBLICATIONS, publications, "iso-8859-1"),
        write_danish_csv(folder / f"lov_aar_{cutoff}.csv", SHARES, shares, "iso-8859-1"),
        write_danish_csv(folder / f"lov_kvartal_{cutoff}.csv", QUARTERS, quarters, "iso-8859-1"),
    ]


def rows(plan: Plan, night: int) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
    """The rows of the three files, real ones first."""
    counts = quarter_counts(plan)
    publications = [[row[name] for name in PUBLICATIONS] for row in published.rows("udgivelser")]
    publications.append(_publication(FIRST, "december 2024", "16-12-2024"))
    shares = [[row[name] for name in SHARES] for row in published.rows("lov_aar")] + _shares(FIRST, counts)
    quarters = [[row[name] for name in QUARTERS] for row in published.rows("gribskov_kvartal")]
    quarters += [row for key in counts for row in _quarter(FIRST, key, counts[key])]
    if night == 2:
        what = "januar 2025, med rettet 4. kvartal 2023 og 2. kvartal 2024"
        publications.append(_publication(RESTATED, what, "03-01-2025"))
        restated = restate(counts)
        shares += _shares(RESTATED, restated)
        quarters += [row for key in restated for row in _quarter(RESTATED, key, restated[key])]
    return publications, shares, quarters


def quarter_counts(plan: Plan) -> Counts:
    """Cases per outcome, before small counts are hidden. Whole years are quarter 5."""
    random = plan.random(3)
    counts: Counts = {}
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        quarters = [quarter for quarter in range(1, 5) if (year, quarter) <= LAST_QUARTER]
        for quarter in quarters:
            for law, (_, level) in LAWS.items():
                counts[year, quarter, law] = random.multinomial(random.poisson(level), OUTCOME_SHARES)
            counts[year, quarter, PARENT] = _children(counts, year, quarter)
            counts[year, quarter, TOTAL] = _total(counts, year, quarter)
        if len(quarters) == 4:
            for law in (*LAWS, PARENT, TOTAL):
                counts[year, WHOLE_YEAR, law] = np.sum([counts[year, quarter, law] for quarter in quarters], axis=0)
    return counts


def restate(counts: Counts) -> Counts:
    """The restated quarters, and the whole years that they are part of."""
    restated = {key: value.copy() for key, value in counts.items() if key[:2] in RESTATED_QUARTERS}
    for year, quarter in RESTATED_QUARTERS:
        restated[year, quarter, RESTATED_LAW] += np.array([-MOVED, 0, MOVED + 1, 0])
        restated[year, quarter, PARENT] = _children(restated, year, quarter)
        restated[year, quarter, TOTAL] = _total(restated, year, quarter)
    for year, quarter in RESTATED_QUARTERS:
        for law in (*LAWS, PARENT, TOTAL):
            if (year, WHOLE_YEAR, law) in counts:
                change = restated[year, quarter, law] - counts[year, quarter, law]
                restated[year, WHOLE_YEAR, law] = counts[year, WHOLE_YEAR, law] + change
    return restated


def _children(counts: Counts, year: int, quarter: int) -> np.ndarray:
    return np.sum([counts[year, quarter, law] for law, (parent, _) in LAWS.items() if parent], axis=0)


def _total(counts: Counts, year: int, quarter: int) -> np.ndarray:
    return np.sum([counts[year, quarter, law] for law in LAWS], axis=0)


def _publication(name: str, what: str, published_on: str) -> list[str]:
    title = f"Eksempelbys ankesager, {what} (fiktiv)"
    address = f"https://statistik.eksempelby.invalid/{name}"
    return [name, "Ankestyrelsens statistikbank (fiktivt udtræk)", title, published_on, address]


def _quarter(publication: str, key: tuple[int, int, str], cases: np.ndarray) -> list[list[str]]:
    year, quarter, law = key
    parent = LAWS[law][0] if law in LAWS else ""
    values = {"I alt": int(cases.sum()), **dict(zip(OUTCOMES, map(int, cases), strict=True))}
    return [
        [
            publication, words.AUTHORITY, str(year), str(quarter), law, parent, outcome,
            "n/a" if (*key, outcome) == SPOILT_QUARTER else "." if 0 < value < SUPPRESSED_BELOW else str(value),
        ]
        for outcome, value in values.items()
    ]  # fmt: skip


def _shares(publication: str, counts: Counts) -> list[list[str]]:
    rows = []
    for (year, quarter, law), cases in counts.items():
        if quarter != WHOLE_YEAR:
            continue
        confirmed, changed, remitted = map(int, cases[:3])
        total = confirmed + changed + remitted
        parts = (confirmed, changed, remitted, changed + remitted)
        texts = [f"{100 * part / total:.1f}".replace(".", ",") for part in parts] + [str(total)]
        if total < SHARES_SUPPRESSED_BELOW:
            texts = ["."] * len(texts)
        if (publication, year, law) == SPOILT_SHARE:
            texts[3] = texts[3].replace(",", ".")
        rows.append([publication, words.AUTHORITY, str(year), law, *texts])
    return rows
