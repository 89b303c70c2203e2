"""The city ombudsman's case list, investigations, recommendations and FOKUS scores."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import polars as pl

from kvalitet_example import external, ombudsman
from kvalitet_example import vocabulary as words
from kvalitet_example.cases import months
from kvalitet_example.defects import Defect
from kvalitet_example.external import Row, danish, day_in, draw, known
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

CASES = (
    "Sagsnummer", "Modtaget", "Henvist", "Afsluttet", "Udfald", "Tema", "Lov", "Center", "Forvaltningens sagsnummer",
    "Vedrører forvaltningen", "Emne",
)  # fmt: skip
FOKUS = ("Runde", "Tema", "Offentliggjort", "Score")
#: Own examinations: fully upheld, partly, not, rejected, withdrawn.
OUTCOMES = {"medhold": 0.27, "delvist_medhold": 0.24, "ikke_medhold": 0.35, "afvist": 0.09, "tilbagekaldt": 0.05}
#: theme -> score in the rounds of 2020, 2022 and 2024
SCORES = {
    "vejledning": ("3,2", "3,0", "3,4"),
    "begrundelse": ("3,6", "3,7", "3,7"),
    "partshoering": ("3,9", "3,8", "4,1"),
    "aktindsigt": ("4,2", "4,0", "4,0"),
    "sagsbehandlingstid": ("2,9", "2,4", "2,8"),
}
ROUNDS = (2020, 2022, 2024)
CONTRACT = "borgerraadgiver_cases"


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the lists, which come monthly, on the first night only."""
    if night > 1:
        return []
    folder, cutoff = out / CONTRACT, plan.cutoff(night)
    files = {
        "sager": (CASES, case_rows(plan)),
        "undersoegelser": (external.INVESTIGATION_HEADER, investigation_rows(plan)),
        "anbefalinger": (external.RECOMMENDATION_HEADER, recommendation_rows(plan)),
        "fokus": (FOKUS, fokus_rows()),
    }
    return [
        write_danish_csv(folder / f"{name}_{cutoff}.csv", header, rows, "utf-8-sig")
        for name, (header, rows) in files.items()
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    if night > 1:
        return {}
    return {
        "cases": sum(1 for _ in case_rows(plan)),
        "investigations": len(investigation_rows(plan)),
        "recommendations": len(recommendation_rows(plan)),
        "fokus_scores": len(fokus_rows()),
    }


def planned(plan: Plan, night: int) -> list[Defect]:
    if night > 1:
        return []
    return [
        Defect(CONTRACT, "cases", "outcome_id", "unknown_value", 1),
        Defect(CONTRACT, "cases", "received_date", "date_impossible", 1),
        Defect(CONTRACT, "recommendations", "due_date", "date_format", 1),
    ]


def case_rows(plan: Plan) -> Iterable[Row]:
    """The referred cases, as on the list of referrals, then the examined ones and those of other administrations."""
    own_numbers = {
        number: case
        for chunk in months(plan)
        for number, case in chunk.cases.filter(pl.col("index") % 2 == 0)
        .select("referral_number", "case_number")
        .iter_rows()
        if number
    }
    for referrals in ombudsman.referral_rows(plan):
        for number, received, referred, theme, outcome in referrals.iter_rows():
            came = "02-06-2022" if received == "31-02-2022" else received
            own = own_numbers.get(number, "")
            # A referred case is closed at the ombudsman on that day, and its outcome is reported afterwards.
            yield [number, came, referred, referred, outcome or "", theme, "", "", own, "Ja", "Henvist sag"]
    yield from _own_rows(plan)


@lru_cache(maxsize=4)
def _own_rows(plan: Plan) -> list[Row]:
    random, cutoff, scale = plan.random(106), plan.cutoff(1), plan.complaints / 6000
    received_per_year = {year: sum(count for of, _, count in plan.months if of == year) for year in external.YEARS}
    rows: list[Row] = []
    for year in external.YEARS:
        examined, elsewhere = max(20, round(70 * scale)), max(30, round(160 * scale))
        for number in range(examined + elsewhere):
            received = day_in(random, year)
            concluded = known(received + timedelta(days=int(random.integers(30, 200))), cutoff)
            about = ["", "", "", ""]
            if number < examined:
                law = draw(random, {name: share for name, (_, _, share) in words.LAWS.items()}) if number % 3 else ""
                outcome = draw(random, OUTCOMES) if concluded else ""
                about = [outcome, draw(random, words.HANDLING_THEMES), law, external.centre_on(random, received)]
            rows.append([
                f"BR-{year}-{2 * received_per_year[year] + number:05d}", danish(received), "", danish(concluded),
                *about, "", "Ja" if number < examined else "Nej", "Klage fra borger (fiktiv)",
            ])  # fmt: skip
    external.spoil(rows, 3, CASES.index("Udfald"), "kritik")
    external.spoil(rows, 8, CASES.index("Modtaget"), "31-06-2019")
    return rows


def investigation_rows(plan: Plan) -> list[Row]:
    random = plan.random(107)
    return external.investigations(random, "BR", ("inspektion", "egen_driftundersoegelse"), 4, plan.cutoff(1))


def recommendation_rows(plan: Plan) -> list[Row]:
    causes = external.causes_of(investigation_rows(plan))
    rows = external.recommendations(plan.random(108), "BR", causes, plan.cutoff(1))
    external.spoil(rows, 2, external.RECOMMENDATION_HEADER.index("Frist"), "ultimo 2020")
    return rows


def fokus_rows() -> list[Row]:
    return [
        [str(year), theme, f"15-11-{year}", scores[place]]
        for place, year in enumerate(ROUNDS)
        for theme, scores in SCORES.items()
    ]
