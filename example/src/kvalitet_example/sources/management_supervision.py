"""The supervisors' workbook: assessments, plan, reviewed cases with their answers, measures, and cases to draw from.

Error rates, plans and scores are made up. A fifth of the reviewed cases are also the subject of complaints, so that
supervision can be compared with what others found in the same case.
"""

from datetime import date, timedelta
from functools import lru_cache
from itertools import cycle
from pathlib import Path

import numpy as np
import polars as pl
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from kvalitet_example import audit
from kvalitet_example import vocabulary as words
from kvalitet_example.cases import months
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR, Plan

CONTRACT = "management_supervision"
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
#: risk area -> (share of the cases, cases planned per year, share with a material error, scores in CRITERIA's order)
AREAS = {
    "ydelser": (0.28, 24, 0.10, (4, 3, 2, 4, 5)),
    "sygedagpenge": (0.22, 24, 0.16, (4, 4, 3, 4, 4)),
    "foertidspension": (0.08, 18, 0.07, (4, 4, 2, 5, 2)),
    "fleksjob": (0.07, 14, 0.08, (3, 3, 2, 3, 2)),
    "indsats": (0.16, 20, 0.12, (2, 3, 3, 3, 4)),
    "integration": (0.05, 12, 0.05, (2, 3, 2, 3, 2)),
    "sanktioner": (0.07, 24, 0.24, (3, 5, 3, 5, 3)),
    "tilbagebetaling": (0.04, 12, 0.14, (3, 4, 2, 4, 2)),
    "refusion": (0.03, 20, 0.18, (5, 4, 3, 1, 3)),
    "it_sikkerhed": (0.0, 0, 0.0, (3, 3, 5, 3, 2)),
}
CRITERIA = ("oekonomi", "jura", "it", "borger", "maengde")
#: Who handles an area's cases until the reorganisation. Their successors take over in proportion.
CENTRES = {
    "ydelser": {"C03": 0.4, "C04": 0.4, "C06": 0.2},
    "sygedagpenge": {"C05": 0.85, "C08": 0.15},
    "foertidspension": {"C05": 0.6, "C01": 0.2, "C02": 0.2},
    "fleksjob": {"C05": 0.7, "C08": 0.3},
    "indsats": {"C01": 0.4, "C02": 0.35, "C06": 0.25},
    "integration": {"C07": 0.85, "C01": 0.15},
    "sanktioner": {"C01": 0.35, "C02": 0.35, "C06": 0.3},
    "tilbagebetaling": {"C03": 0.5, "C04": 0.5},
    "refusion": {"C03": 0.4, "C04": 0.3, "C05": 0.3},
}
LAW_AREAS = {
    "aktivloven": "ydelser",
    "sygedagpengeloven": "sygedagpenge",
    "pensionsloven": "foertidspension",
    "beskaeftigelsesindsatsloven": "indsats",
    "integrationsloven": "integration",
}
#: The main areas of a centre's cases, for complaints about handling, which name no law.
CENTRE_AREAS = {
    "C01": "indsats", "C02": "indsats", "C03": "ydelser", "C04": "ydelser", "C05": "sygedagpenge", "C06": "sanktioner",
    "C07": "integration", "C08": "fleksjob", "C09": "ydelser", "C10": "sygedagpenge", "C11": "foertidspension",
}  # fmt: skip
THEME_AREAS = {"sanktion": "sanktioner", "foertidspension": "foertidspension", "indsats": "indsats"}
#: control question -> (share not relevant, share broken without a material error, share broken with one)
QUESTIONS = {
    "partshoering": (0.30, 0.08, 0.35),
    "begrundelse": (0.02, 0.12, 0.45),
    "klagevejledning": (0.05, 0.04, 0.10),
    "hjemmel": (0.00, 0.01, 0.40),
    "oplysning": (0.00, 0.05, 0.40),
    "frist": (0.10, 0.12, 0.25),
    "journalisering": (0.00, 0.08, 0.12),
    "refusionsgrundlag": (0.60, 0.03, 0.40),
}
OWNERS = ("Centerchef", "Fagchef for ydelser", "Juridisk stab", "Økonomistaben")
COMPLAINED_SHARE, LEAST_POPULATION, MOST_POPULATION = 0.2, 600, 20_000
UNKNOWN_ANSWERS = 3
NOTE_IN_KEY, BROKEN_FORMULA = "Mangler sagen? Spørg centeret", "T-2022-011"
PLANNED = (
    Defect(CONTRACT, "risk_assessments", "score", "out_of_range", 1),
    Defect(CONTRACT, "reviewed_cases", "review_number", "pattern", 1),  # the note in the key's column
    Defect(CONTRACT, "reviewed_cases", "review_date", "formula_error", 1),
    Defect(CONTRACT, "review_answers", "answer", "unknown_value", UNKNOWN_ANSWERS),
    Defect(CONTRACT, "case_population", "centre_id", "pattern", 1),
)
#: table -> (sheet, title above the table, headers)
SHEETS = {
    "risk_assessments": ("Risikovurdering", "Risikovurderinger", ("Risikoområde", "Kriterium", "Vurderet", "Score")),
    "planned_reviews": ("Tilsynsplan", "Tilsynsplan pr. år", ("Risikoområde", "År", "Planlagte sager")),
    "reviewed_cases": (
        "Gennemgåede sager",
        "Gennemgåede sager – ret ikke i tilsynsnr.!",
        (
            "Tilsynsnr.", "Sagsnummer", "Risikoområde", "Center", "Gennemgået", "Væsentlig fejl", "Påvirker refusion",
            "Bemærkning",
        ),
    ),
    "review_answers": ("Kontrolspørgsmål", "Svar på kontrolspørgsmål", ("Tilsynsnr.", "Spørgsmål", "Svar")),
    "action_plans": (
        "Opfølgning",
        "Handleplaner og opfølgning",
        (
            "Nr.", "Udsprunget af", "Henvisning", "Risikoområde", "Center", "Ansvarlig", "Besluttet", "Frist",
            "Afsluttet", "Status", "Handling",
        ),
    ),
    "case_population": (
        "Sager til udtræk", "Afgjorte sager", ("Sagsnummer", "Risikoområde", "Center", "Afgjort"),
    ),
}  # fmt: skip


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the quarterly workbook, on the first night only."""
    if night > 1:
        return []
    path = out / CONTRACT / f"ledelsestilsyn_{plan.cutoff(night)}.xlsx"
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for table, rows in tables(plan).items():
        name, title, headers = SHEETS[table]
        _write(workbook, name, title, headers, rows)
    workbook["Gennemgåede sager"].cell(9, 12, "tjek med Nord")  # beside the table
    workbook.create_sheet("Ark7")["B2"] = "kladde"
    workbook.properties.creator = "Tilsynsteamet (fiktiv)"
    workbook.properties.created = audit.SAVED_AT
    with whole_file(path) as file:
        file.write(audit.same_bytes(workbook))
    return [path]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    return {table: len(rows) for table, rows in tables(plan).items()} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return list(PLANNED) if night == 1 else []


@lru_cache(maxsize=4)
def tables(plan: Plan) -> dict[str, list[list]]:
    """Table -> rows in the order of its headers, including defects, with dates as dates."""
    reviews = _reviews(plan)
    answers = _answers(plan, reviews)
    assessments = _assessments(plan)
    population = _population(plan)
    actions = _actions(plan, reviews)
    assessments[17][3] = 7
    population[41][2] = "Center 9"
    for row in answers[100 : 100 + UNKNOWN_ANSWERS]:
        row[2] = "ved ikke"
    next(row for row in reviews if row[0] == BROKEN_FORMULA)[4] = "#REF!"
    note = [NOTE_IN_KEY, *reviews[0][1:]]
    plans = [[area, year, AREAS[area][1]] for year in (*YEARS, LAST_YEAR + 1) for area in CENTRES]
    return {
        "risk_assessments": assessments,
        "planned_reviews": plans,
        "reviewed_cases": [*reviews, note],
        "review_answers": answers,
        "action_plans": actions,
        "case_population": population,
    }


def _assessments(plan: Plan) -> list[list]:
    """Assessments of every February, and of the large benefits again in August after the reorganisation."""
    random = plan.random(20, 1)
    days = [(date(year, 2, 1), tuple(AREAS)) for year in YEARS]
    days += [(date(year, 8, 15), ("ydelser", "sygedagpenge")) for year in YEARS if year >= words.REORGANISED.year]
    return [
        [area, criterion, day, int(np.clip(score + random.choice((-1, 0, 1), p=(0.15, 0.7, 0.15)), 1, 5))]
        for day, areas in sorted(days)
        for area in areas
        for criterion, score in zip(CRITERIA, AREAS[area][3], strict=True)
    ]


def _reviews(plan: Plan) -> list[list]:
    random = plan.random(20, 2)
    complained = _complained(plan)
    rows = []
    for year in YEARS:
        numbers = iter(range(1, 1000))
        for area in CENTRES:
            done = round(AREAS[area][1] * min(1.0, random.uniform(0.65, 1.2)))
            own = complained.get((year, area), [])[: round(done * COMPLAINED_SHARE)]
            for place in range(done):
                day = date(year, 1, 5) + timedelta(days=int(random.integers(0, 355)))
                number, centre = f"{year} - {300_000 + int(random.integers(0, 99_999))}", _centre(random, area, day)
                if place < len(own):
                    number, centre = own[place]
                    day = date(year, 12, 1 + place)
                has_error = random.random() < AREAS[area][2]
                refund = ("ja" if random.random() < 0.35 else "nej") if has_error else None
                error = "ja" if has_error else "nej"
                rows.append([f"T-{year}-{next(numbers):03d}", number, area, centre, day, error, refund, "Se notat."])
    return rows


def _complained(plan: Plan) -> dict[tuple[int, str], list[tuple[str, str]]]:
    """(year, area) -> (case number, centre) of that June's complaints that an outside body examined too."""
    found: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for index, chunk in enumerate(months(plan)):
        if index % 12 != 5:
            continue
        is_elsewhere = pl.col("is_forwarded") | (pl.col("referred_by") == "borgerraadgiver")
        for row in chunk.cases.filter(is_elsewhere).iter_rows(named=True):
            by_law = LAW_AREAS[row["law_id"]] if row["law_id"] else CENTRE_AREAS[row["centre_id"]]
            area = THEME_AREAS.get(row["theme_id"], by_law)
            found.setdefault((FIRST_YEAR + index // 12, area), []).append((row["case_number"], row["centre_id"]))
    return found


def _centre(random: np.random.Generator, area: str, day: date) -> str:
    centre = str(random.choice(list(CENTRES[area]), p=list(CENTRES[area].values())))
    if day >= words.REORGANISED and centre in words.SUCCESSION:
        successors = words.SUCCESSION[centre]
        centre = str(random.choice(list(successors), p=list(successors.values())))
    return centre


def _answers(plan: Plan, reviews: list[list]) -> list[list]:
    random = plan.random(20, 3)
    rows = []
    for review in reviews:
        for question, (not_relevant, broken, broken_with_error) in QUESTIONS.items():
            draw = random.random(2)
            is_broken = draw[1] < (broken_with_error if review[5] == "ja" else broken)
            answer = "ikke relevant" if draw[0] < not_relevant else "nej" if is_broken else "ja"
            rows.append([review[0], question, answer])
    return rows


def _actions(plan: Plan, reviews: list[list]) -> list[list]:
    """Measures, some caused by audit remarks, most by reviews with errors. Three in four are closed, some late."""
    random = plan.random(20, 4)
    causes = [
        (date(remark[1] + 1, 6, 1), "revisionsbemærkning", remark[0], area, None)
        for remark, area in zip(
            audit.remark_rows(plan)[::3], cycle(("refusion", "ydelser", "sygedagpenge")), strict=False
        )
    ]
    faulty = [review for review in reviews if review[5] == "ja"][::3]
    causes += [(review[4], "tilsyn", review[0], review[2], review[3]) for review in faulty]
    rows, numbers = [], {year: iter(range(1, 1000)) for year in range(FIRST_YEAR, LAST_YEAR + 2)}
    for opened, kind, number, area, centre in sorted(causes, key=lambda cause: (cause[0], cause[2])):
        due = opened + timedelta(days=int(random.integers(60, 240)))
        closed = opened + timedelta(days=int(random.integers(30, 270)))
        is_closed = random.random() < 0.85 and closed < plan.cutoff(1)
        status = ("lukket" if random.random() < 0.95 else "bortfaldet") if is_closed else (
            "delvist lukket" if random.random() < 0.3 else "åben"
        )  # fmt: skip
        rows.append(
            [f"HP-{opened.year}-{next(numbers[opened.year]):02d}", kind, number, area, centre,
             f"{OWNERS[random.integers(len(OWNERS))]} (fiktiv)", opened, due, closed if is_closed else None, status,
             "Indskærpe regler og følge op (fiktiv)."]
        )  # fmt: skip
    return rows


def _population(plan: Plan) -> list[list]:
    """The decided cases of the last year."""
    random = plan.random(20, 5)
    count = min(max(LEAST_POPULATION, plan.complaints // 3), MOST_POPULATION)
    shares = np.array([AREAS[area][0] for area in CENTRES])
    areas = random.choice(list(CENTRES), count, p=shares / shares.sum())
    numbers = 500_000 + random.permutation(count)
    rows = []
    for number, area in zip(numbers, areas, strict=True):
        day = date(LAST_YEAR, 1, 1) + timedelta(days=int(random.integers(0, 366)))
        rows.append([f"{LAST_YEAR} - {number}", str(area), _centre(random, str(area), day), day])
    return rows


def _write(workbook: Workbook, sheet_name: str, title: str, headers: tuple[str, ...], rows: list[list]) -> None:
    sheet: Worksheet = workbook.create_sheet(sheet_name)
    sheet["A1"] = f"{title} – Eksempelby Kommune (fiktiv)"
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
    sheet.append([])
    sheet.append(headers)
    for number, row in enumerate(rows):
        if number and number % 200 == 0:
            sheet.append([])
        sheet.append(row)
    sheet.append([])
    sheet.append([None] * (len(headers) - 1) + ["Opdateret af tilsynsteamet"])
