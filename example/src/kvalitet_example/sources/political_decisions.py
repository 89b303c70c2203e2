"""The secretariat's workbook: action plans with their items, contracts with clauses and the checks of these."""

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from kvalitet_example.audit import SAVED_AT, same_bytes
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file
from kvalitet_example.plan import FIRST_CUTOFF, FIRST_YEAR, LAST_YEAR, Plan
from kvalitet_example.sources.supplier_supervision import SUPPLIERS

HEADERS = {
    "Handleplaner": ("Plan", "Titel", "Tema", "Besluttet"),
    "Punkter": ("Punkt", "Plan", "Beskrivelse", "Ansvarlig", "Frist", "Status", "Gennemført"),
    "Kontrakter": ("Kontraktnr", "Leverandørnr", "Fra", "Til", "Arbejdsklausul", "Social klausul"),
    "Klausulkontrol": ("Kontrolnr", "Kontraktnr", "Klausul", "Kontroldato", "Brud", "Bemærkning"),
}
#: plan -> (title, theme, day of the decision, items)
PLANS = {
    "BIU-2019-01": ("Handleplan for førtidspension (fiktiv)", "foertidspension", date(2019, 3, 18), 7),
    "BIU-2020-01": ("Handleplan for fleksjob (fiktiv)", "fleksjob", date(2020, 2, 24), 8),
    "BIU-2021-01": ("Kortere sagsbehandlingstid (fiktiv)", "sagsbehandlingstid", date(2021, 5, 31), 9),
    "BIU-2022-01": ("Handleplan for førtidspension II (fiktiv)", "foertidspension", date(2022, 9, 26), 10),
    "BIU-2023-01": ("Bedre vejledning (fiktiv)", "vejledning", date(2023, 4, 24), 8),
    "BIU-2024-01": ("Inddragelse af borgeren (fiktiv)", "inddragelse", date(2024, 6, 17), 9),
}
OWNERS = ("Jobcenterledelsen (fiktiv)", "Ydelsesledelsen (fiktiv)", "Kvalitetsenheden (fiktiv)", "Direktionen (fiktiv)")
LABOUR, SOCIAL = "arbejdsklausul", "social klausul"
CONTRACTS_PER_YEAR = 7
NOTE_IN_KEY, NOTE_PLACE = "OBS: tjek med direktionen før mødet", 12
FORMULA_ERROR, NEARLY_DONE, UNSURE = 20, 33, 9  # rows of Punkter and, the last, of Klausulkontrol


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the quarter's workbook, on the first night only."""
    if night > 1:
        return []
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in zip(HEADERS, sheets(plan), strict=True):
        _write(workbook.create_sheet(name), rows)
    workbook.properties.creator = "Udvalgssekretariatet (fiktiv)"
    workbook.properties.created = SAVED_AT
    path = out / "political_decisions" / f"politiske_beslutninger_{plan.cutoff(night)}.xlsx"
    with whole_file(path) as file:
        file.write(same_bytes(workbook))
    return [path]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table. The note in the key's column of Punkter looks like a row."""
    if night > 1:
        return {}
    plans, items, contracts, checks = map(len, sheets(plan))
    return {"plans": plans, "plan_items": items + 1, "contracts": contracts, "clause_checks": checks}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects: a note in the key's column, a broken formula, a status and an answer that were not agreed."""
    if night > 1:
        return []
    return [
        Defect("political_decisions", "plan_items", "item_number", "pattern", 1),
        Defect("political_decisions", "plan_items", "due_date", "formula_error", 1),
        Defect("political_decisions", "plan_items", "status", "unknown_value", 1),
        Defect("political_decisions", "clause_checks", "is_breach", "boolean_format", 1),
    ]


@lru_cache(maxsize=4)
def sheets(plan: Plan) -> tuple[list[list], list[list], list[list], list[list]]:
    """Plans, items, contracts and clause checks in the order of HEADERS, without flaws and with dates as dates."""
    random = plan.random(141)
    plans = [[number, name, theme, day] for number, (name, theme, day, _) in PLANS.items()]
    items = [
        _item(random, number, place, day)
        for number, (_, _, day, count) in PLANS.items()
        for place in range(1, count + 1)
    ]
    contracts, checks = [], []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for number in range(1, CONTRACTS_PER_YEAR + 1):
            contract = _contract(random, year, number)
            contracts.append(contract)
            checks += _checks(random, contract)
    checks.sort(key=lambda row: (row[2], row[0], row[1]))
    numbered = [
        [f"KK-{row[2].year}-{index:03d}", *row, None if index % 6 else "Se mail"] for index, row in enumerate(checks, 1)
    ]
    return plans, items, contracts, numbered


def _item(random: np.random.Generator, number: str, place: int, decided: date) -> list:
    """An item of a plan. Most are done by their deadline, some later, a few are given up. The newest are still open."""
    due = decided + timedelta(days=90 + 75 * place)
    done = due + timedelta(days=int(random.normal(-12, 25)))
    status = "bortfaldet" if random.random() < 0.05 else "lukket"
    if done >= FIRST_CUTOFF or random.random() < 0.08:  # not reached, or never done
        status = "delvist lukket" if random.random() < 0.4 else "åben"
    text = f"Punkt {place}: opfølgning i samarbejde med de faglige organisationer (fiktiv)."
    owner = OWNERS[random.integers(len(OWNERS))]
    return [f"{number}.{place}", number, text, owner, due, status, done if status == "lukket" else None]


def _contract(random: np.random.Generator, year: int, number: int) -> list:
    supplier = list(SUPPLIERS)[random.integers(len(SUPPLIERS))]
    begin = date(year, int(random.integers(1, 12)), 1)
    end = date(year + int(random.integers(1, 5)), begin.month, 1) - timedelta(days=1)
    labour, social = random.random() < 0.8, random.random() < 0.45
    written = ["Ja" if clause else "Nej" for clause in (labour, social)]
    return [f"K-{year}-{number:03d}", supplier, begin, None if number == 7 else end, *written]


def _checks(random: np.random.Generator, contract: list) -> list[list]:
    """Contract, clause, day, breach. Two in three clauses are checked in a year in which they are in force."""
    number, _, begin, end, labour, social = contract
    checks = []
    for clause, written in ((LABOUR, labour), (SOCIAL, social)):
        for year in range(begin.year, min(LAST_YEAR, end.year if end else LAST_YEAR) + 1):
            day = date(year, 1, 1) + timedelta(days=int(random.integers(0, 365)))
            is_checked, is_breach = random.random() < 0.75, random.random() < 0.13
            if written == "Ja" and is_checked and begin <= day <= (end or day):
                checks.append([number, clause, day, "Ja" if is_breach else "Nej"])
    return checks


def _write(sheet: Worksheet, rows: list[list]) -> None:
    """Write a sheet as people keep it: a merged title, a note, empty rows, dates typed as text, something below."""
    header = HEADERS[sheet.title]
    sheet["A1"] = f"{sheet.title} – Eksempelby Kommune (fiktiv)"
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(header))
    sheet["B2"] = "Føres af udvalgssekretariatet"
    sheet.append([])
    sheet.append(header)
    for index, row in enumerate(rows):
        values = [value.strftime("%d-%m-%Y") if isinstance(value, date) and index % 11 == 5 else value for value in row]
        if sheet.title == "Punkter":
            if index == NOTE_PLACE:
                sheet.append([NOTE_IN_KEY])
            if index == FORMULA_ERROR:
                values[4] = "#REF!"
            if index == NEARLY_DONE:
                values[5] = "næsten færdig"
        if sheet.title == "Klausulkontrol" and index == UNSURE:
            values[4] = "?"
        sheet.append(values)
        if index % 10 == 9:
            sheet.append([])
    sheet.cell(7, len(header) + 3, "ajourført?")  # beside the table
    sheet.cell(sheet.max_row + 2, 2, "Kilde: udvalgets protokoller")
