"""The Parliamentary Ombudsman's cases, general investigations and recommendations, from the legal staff's journal."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import polars as pl

from kvalitet_example import external
from kvalitet_example import vocabulary as words
from kvalitet_example.cases import DAY, months
from kvalitet_example.defects import Defect
from kvalitet_example.external import Row, danish, day_in, draw, known
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

CASES = (
    "Journalnummer", "Modtaget", "Oversendt", "Afsluttet", "Behandling", "Kritik", "Tema", "Lov", "Center",
    "Forvaltningens sagsnummer", "Emne",
)  # fmt: skip
REJECTED, EXAMINED = "afvist uden undersøgelse", "undersøgt"
EXAMINED_SHARE, CRITICISED_SHARE = 0.28, 0.4


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the journal, which comes monthly, on the first night only."""
    if night > 1:
        return []
    folder, cutoff = out / "parliament_ombudsman", plan.cutoff(night)
    files = {
        "ombudsmandssager": (CASES, case_rows(plan)),
        "undersoegelser": (external.INVESTIGATION_HEADER, investigation_rows(plan)),
        "henstillinger": (external.RECOMMENDATION_HEADER, recommendation_rows(plan)),
    }
    return [
        write_danish_csv(folder / f"{name}_{cutoff}.csv", header, rows, "iso-8859-1")
        for name, (header, rows) in files.items()
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    if night > 1:
        return {}
    return {
        "cases": len(case_rows(plan)),
        "investigations": len(investigation_rows(plan)),
        "recommendations": len(recommendation_rows(plan)),
    }


def planned(plan: Plan, night: int) -> list[Defect]:
    if night > 1:
        return []
    return [
        Defect("parliament_ombudsman", "cases", "treatment", "unknown_value", 1),
        Defect("parliament_ombudsman", "cases", "received_date", "date_impossible", 1),
    ]


@lru_cache(maxsize=4)
def case_rows(plan: Plan) -> list[Row]:
    """The complaints it passed on (the administration has them too), then those it handled itself."""
    random, cutoff = plan.random(111), plan.cutoff(1)
    rows = list(_passed_on(plan))
    received_per_year = {year: sum(count for of, _, count in plan.months if of == year) for year in external.YEARS}
    for year in external.YEARS:
        for number in range(max(30, round(66 * plan.complaints / 6000))):
            received = day_in(random, year)
            is_examined = random.random() < EXAMINED_SHARE
            days = random.integers(90, 400) if is_examined else random.integers(5, 40)
            concluded = known(received + timedelta(days=int(days)), cutoff)
            criticised = ("Ja" if random.random() < CRITICISED_SHARE else "Nej") if is_examined else ""
            law = draw(random, {name: share for name, (_, _, share) in words.LAWS.items()})
            rows.append([
                f"FO-{year}-{2 * received_per_year[year] + number:05d}", danish(received), "", danish(concluded),
                (EXAMINED if is_examined else REJECTED) if concluded else "", criticised if concluded else "",
                draw(random, words.HANDLING_THEMES), law if number % 2 else "", external.centre_on(random, received),
                "", "Klage fra borger (fiktiv)",
            ])  # fmt: skip
    external.spoil(rows, -3, CASES.index("Behandling"), "oversendt")
    external.spoil(rows, -9, CASES.index("Modtaget"), "30-02-2024")
    return rows


def investigation_rows(plan: Plan) -> list[Row]:
    random = plan.random(112)
    return external.investigations(random, "FO", ("generel_undersoegelse", "inspektion"), 1, plan.cutoff(1))


def recommendation_rows(plan: Plan) -> list[Row]:
    """Recommendations caused by general investigations, and by every third case that ended in criticism."""
    criticised = [row for row in case_rows(plan) if row[CASES.index("Kritik")] == "Ja"][::3]
    concluded = CASES.index("Afsluttet")
    by_case = [(row[0], row[6], date(*map(int, reversed(row[concluded].split("-"))))) for row in criticised]
    causes = external.causes_of(investigation_rows(plan)) + by_case
    return external.recommendations(plan.random(113), "FO", causes, plan.cutoff(1))


def _passed_on(plan: Plan) -> Iterable[Row]:
    """Rows of cases rejected at once, because the administration must look at them first."""
    for chunk in months(plan):
        cases = chunk.cases.filter(pl.col("referred_by") == "ombudsmand")
        columns = ("referrer_case_number", "received", "days_before", "theme_id", "centre_id", "case_number")
        for number, received, days_before, theme, centre, own in cases.select(columns).iter_rows():
            passed_on = date(1970, 1, 1) + timedelta(days=received // DAY)
            came = passed_on - timedelta(days=days_before)
            yield [
                number, danish(came), danish(passed_on), danish(passed_on), REJECTED, "", theme, "", centre, own,
                "Oversendt klage (fiktiv)",
            ]  # fmt: skip
