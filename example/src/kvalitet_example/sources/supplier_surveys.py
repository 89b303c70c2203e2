"""Answers about the suppliers as the survey tool exports them. They come yearly, so only on the first night."""

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import LAST_YEAR, Plan
from kvalitet_example.sources.supplier_supervision import supervised

INVITATIONS_HEADER = ("Runde", "Leverandørnr", "Udsendt", "Inviterede")
ANSWERS_HEADER = (
    "Svar-id", "Runde", "Leverandørnr", "Spørgsmål", "Svar", "Afsluttet", "Starttid", "Browser", "Kommentar",
)  # fmt: skip
FIRST_ROUND = 2021
QUESTIONS = ("samlet_tilfredshed", "udbytte", "information")
#: Shares of the answers 1 to 5. Suppliers with an odd number do a little better.
SHARES = {0: (0.06, 0.12, 0.20, 0.40, 0.22), 1: (0.04, 0.08, 0.16, 0.43, 0.29)}
#: Suppliers with few citizens, so that their answers are too few ever to be shown.
SMALL = {"L009": 5, "L010": 3}
SPREAD = 2_654_435_761  # odd, so that multiplying by it permutes the ids
COMMENTS = ("", "", "", "Fin vejleder; kom hurtigt i gang.", "Lang transport.", 'Fik at vide "vent og se".')
TOO_HIGH, HALF, OTHER_NAME = (11, 90), 52, 130


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the export of all rounds."""
    if night > 1:
        return []
    folder, cutoff = out / "supplier_surveys", plan.cutoff(night)
    invitations, answers = rounds(plan)
    spoilt = [list(row) for row in answers]
    for index in TOO_HIGH:
        spoilt[index][4] = "6"
    spoilt[HALF][4] = "4,5"
    spoilt[OTHER_NAME][2] = "Mentorhuset"
    return [
        write_danish_csv(folder / f"udsendelser_{cutoff}.csv", INVITATIONS_HEADER, invitations, "utf-8-sig"),
        write_danish_csv(folder / f"besvarelser_{cutoff}.csv", ANSWERS_HEADER, spoilt, "utf-8-sig"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table."""
    if night > 1:
        return {}
    invitations, answers = rounds(plan)
    return {"invitations": len(invitations), "answers": len(answers)}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects: three kinds, at fixed answers."""
    if night > 1:
        return []
    return [
        Defect("supplier_surveys", "answers", "score", "out_of_range", len(TOO_HIGH)),
        Defect("supplier_surveys", "answers", "score", "integer_format", 1),
        Defect("supplier_surveys", "answers", "supplier_id", "pattern", 1),
    ]


@lru_cache(maxsize=4)
def rounds(plan: Plan) -> tuple[list[list[str]], list[list[str]]]:
    """Invitations and answers, without flaws."""
    random = plan.random(131)
    invitations: list[list[str]] = []
    answers: list[list[str]] = []
    for year in range(FIRST_ROUND, LAST_YEAR + 1):
        sent = date(year, 10, 1)
        for supplier in supervised(year):
            invited = SMALL.get(supplier) or int(random.integers(40, 111))
            invitations.append([f"LT-{year}", supplier, f"{sent:%d-%m-%Y}", str(invited)])
            answered = 2 if supplier in SMALL else round(invited * float(random.uniform(0.32, 0.5)))
            for _ in range(answered):
                answers += _form(random, len(answers), f"LT-{year}", supplier, sent)
    return invitations, answers


def _form(random: np.random.Generator, number: int, of_round: str, supplier: str, sent: date) -> list[list[str]]:
    """One respondent's answers. Two in a hundred are "do not know"."""
    respondent = f"{(number + 1) * SPREAD % 2**32:08x}"
    finished = sent + timedelta(days=int(random.integers(0, 42)))
    browser = ("Safari 17", "Chrome 128", "Edge 127")[random.integers(3)]
    comment = COMMENTS[random.integers(len(COMMENTS))]
    scores = random.choice(np.arange(1, 6), len(QUESTIONS), p=SHARES[int(supplier[1:]) % 2])
    return [
        [respondent, of_round, supplier, question, "Ved ikke" if random.random() < 0.02 else str(score),
         f"{finished:%d-%m-%Y}", f"{finished:%d-%m-%Y} 19:{number % 60:02d}", browser, comment]
        for question, score in zip(QUESTIONS, scores, strict=True)
    ]  # fmt: skip
