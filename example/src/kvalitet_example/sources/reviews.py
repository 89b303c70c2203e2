"""Ankestyrelsen's practice investigations, principle decisions and municipal supervision, in lists kept by hand."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR, Plan

ID = "ankestyrelsen_reviews"
REVIEWS = ("Nr.", "Art", "Lov", "Tema", "Begyndt", "Afsluttet", "Konklusion")
RECOMMENDATIONS = ("Anbefaling", "Nr.", "Ansvarlig", "Frist", "Lukket", "Status")
#: letter -> (kind, how many a year, conclusions with their shares, days from beginning to end)
KINDS = {
    "PU": ("praksisundersøgelse", 1, {"overvejende rigtig praksis": 0.55, "væsentlige fejl": 0.45}, 240),
    "PM": ("principmeddelelse", 7, {"praksis præciseret": 0.8, "praksis ændret": 0.2}, 0),
    "KT": ("kommunetilsyn", 2, {"ingen kritik": 0.5, "kritik": 0.5}, 150),
}
SUBJECTS = (
    ("aktivloven", "sanktion"),
    ("sygedagpengeloven", "stop_af_ydelse"),
    ("beskaeftigelsesindsatsloven", "indsats"),
    ("pensionsloven", "foertidspension"),
    ("integrationsloven", "afslag_paa_ydelse"),
    ("aktivloven", "tilbagebetaling"),
)
OWNERS = ("Juridisk stab", "Ydelsesservice", "Faglig udvikling")
TO_FOLLOW_UP = ("væsentlige fejl", "kritik")  # conclusions that lead to recommendations
SPOILT_REVIEW = "PM-2021-03"  # its date has only a month, and its first recommendation has a status of its own
PLANNED = (
    Defect(ID, "reviews", "opened_date", "date_format", 1),
    Defect(ID, "recommendations", "status", "unknown_value", 1),
)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the quarterly lists, on the first night only."""
    if night > 1:
        return []
    cutoff, folder = plan.cutoff(night), out / ID
    reviews, recommendations = _rows(plan)
    return [
        write_danish_csv(folder / f"undersoegelser_{cutoff}.csv", REVIEWS, reviews, "utf-8-sig"),
        write_danish_csv(folder / f"anbefalinger_{cutoff}.csv", RECOMMENDATIONS, recommendations, "utf-8-sig"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    if night > 1:
        return {}
    reviews, recommendations = _rows(plan)
    return {"reviews": len(reviews), "recommendations": len(recommendations)}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return list(PLANNED) if night == 1 else []


def _rows(plan: Plan) -> tuple[list[list[str]], list[list[str]]]:
    random, today = plan.random(21), plan.cutoff(1)
    reviews: list[list[str]] = []
    recommendations: list[list[str]] = []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for letter, (kind, usual, conclusions, days) in KINDS.items():
            for running in range(1, usual + int(random.integers(0, 2)) + 1):
                number = f"{letter}-{year}-{running:02d}"
                law, theme = SUBJECTS[random.integers(len(SUBJECTS))]
                begun = date(year, int(random.integers(1, 13)), int(random.integers(1, 29)))
                ended = begun + timedelta(days=days + int(random.integers(0, 60)) if days else 0)
                conclusion = str(random.choice(list(conclusions), p=list(conclusions.values())))
                is_over = ended < today
                begun_text = f"{begun:%Y-%m}" if number == SPOILT_REVIEW else _text(begun)
                reviews.append(
                    [number, kind, law, theme, begun_text, _text(ended) if is_over else "",
                     conclusion if is_over else ""]
                )  # fmt: skip
                if is_over and conclusion in TO_FOLLOW_UP:
                    recommendations += _recommendations(random, number, ended, today)
    recommendations[0][-1] = "afventer"
    return reviews, recommendations


def _recommendations(random: np.random.Generator, review: str, ended: date, today: date) -> list[list[str]]:
    """One to three recommendations, due half a year to a year after the review.

    Some are closed late, and the newest are still open.
    """
    rows = []
    for running in range(1, int(random.integers(1, 4)) + 1):
        due = ended + timedelta(days=int(random.integers(180, 366)))
        closed = due + timedelta(days=int(random.integers(-90, 240)))
        is_closed = closed < today
        status = "lukket" if is_closed else "delvist lukket" if random.random() < 0.3 else "åben"
        closed_text = _text(closed) if is_closed else ""
        owner = OWNERS[random.integers(len(OWNERS))]
        rows.append([f"{review}/{running}", review, owner, _text(due), closed_text, status])
    return rows


def _text(day: date) -> str:
    return f"{day:%d-%m-%Y}"
