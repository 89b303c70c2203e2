"""Suppliers, the year's plan of checks, and the checks carried out. It comes monthly, so only on the first night."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import danish_number, write_danish_csv
from kvalitet_example.plan import FIRST_CUTOFF, FIRST_YEAR, LAST_YEAR, Plan

SUPPLIERS_HEADER = ("Leverandørnr", "Navn", "Ydelse", "Aftale fra", "Aftale til")
CHECKS_HEADER = (
    "Kontrolnr", "Leverandørnr", "Center", "Kontroldato", "Dokumentation komplet", "Timer aftalt", "Timer leveret",
    "Timer faktureret", "Bemærkning",
)  # fmt: skip
PLAN_HEADER = ("Plannr", "Leverandørnr", "Planlagt", "Kontrolnr")
GUIDANCE, MENTOR, COMPANY, HEALTH, RUNNING = (
    "vejledning og opkvalificering", "mentorstøtte", "virksomhedsrettet forløb", "sundhedsforløb", "drift",
)  # fmt: skip
#: number -> (name, service, first and last year of the agreement, share of deliveries fully documented)
SUPPLIERS: dict[str, tuple[str, str, int, int | None, float]] = {
    "L001": ("Kompas Vejledning A/S (fiktiv)", GUIDANCE, 2019, None, 0.91),
    "L002": ("Springbrættet ApS (fiktiv)", GUIDANCE, 2019, None, 0.84),
    "L003": ("Jobværkstedet I/S (fiktiv)", COMPANY, 2019, 2022, 0.72),
    "L004": ("Mentorhuset (fiktiv)", MENTOR, 2019, None, 0.88),
    "L005": ("Nordlys Kurser A/S (fiktiv)", GUIDANCE, 2019, None, 0.95),
    "L006": ("Balance Sundhed ApS (fiktiv)", HEALTH, 2020, None, 0.81),
    "L007": ("Virksomhedsporten (fiktiv)", COMPANY, 2020, None, 0.87),
    "L008": ("Fodfæste Mentorer (fiktiv)", MENTOR, 2021, None, 0.79),
    "L009": ("Det Lille Værksted (fiktiv)", COMPANY, 2021, None, 0.90),
    "L010": ("Ro og Ryg Klinik (fiktiv)", HEALTH, 2022, None, 0.86),
    "L011": ("Rengøring Øst A/S (fiktiv)", RUNNING, 2019, None, 0),
    "L012": ("Kantinen Eksempelby ApS (fiktiv)", RUNNING, 2019, None, 0),
    "L013": ("Byg og Vedligehold A/S (fiktiv)", RUNNING, 2021, None, 0),
}
#: Share of the year's plan that was carried out, which is low in the first year of the pandemic.
CARRIED_OUT = {2019: 0.90, 2020: 0.66, 2021: 0.82, 2022: 0.85, 2023: 0.93, 2024: 0.91}
POINT_FOR_COMMA, PARTLY, OTHER_DATE, MAIL = (17, 58), (31,), (44,), 25


@dataclass(frozen=True)
class Supervision:
    """The rows of the two large tables, without flaws."""

    plan: list[list[str]]
    checks: list[list[str]]


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the month's files."""
    if night > 1:
        return []
    folder, cutoff, rows = out / "supplier_supervision", plan.cutoff(night), supervision(plan)
    files = (
        ("leverandoerer", SUPPLIERS_HEADER, supplier_rows()),
        ("leverancekontrol", CHECKS_HEADER, _spoilt_checks(rows.checks)),
        ("tilsynsplan", PLAN_HEADER, _spoilt_plan(rows.plan)),
    )
    return [
        write_danish_csv(folder / f"{name}_{cutoff}.csv", header, each, "windows-1252") for name, header, each in files
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table."""
    if night > 1:
        return {}
    rows = supervision(plan)
    return {
        "suppliers": len(SUPPLIERS),
        "delivery_checks": len(rows.checks),
        "planned_checks": len(rows.plan),
    }


def planned(plan: Plan, night: int) -> list[Defect]:
    """Four kinds, at fixed rows."""
    if night > 1:
        return []
    return [
        Defect("supplier_supervision", "delivery_checks", "hours_invoiced", "number_format", len(POINT_FOR_COMMA)),
        Defect("supplier_supervision", "delivery_checks", "is_documented", "boolean_format", len(PARTLY)),
        Defect("supplier_supervision", "delivery_checks", "check_date", "date_format", len(OTHER_DATE)),
        Defect("supplier_supervision", "planned_checks", "check_number", "pattern", 1),
    ]


def supplier_rows() -> list[list[str]]:
    """One row per supplier."""
    return [
        [number, name, service, f"01-01-{first}", f"31-12-{last}" if last else ""]
        for number, (name, service, first, last, _) in SUPPLIERS.items()
    ]


def supervised(year: int) -> list[str]:
    """The suppliers whose deliveries to citizens are checked in a year."""
    return [
        number
        for number, (_, service, first, last, _) in SUPPLIERS.items()
        if service != RUNNING and first <= year <= (last or LAST_YEAR)
    ]


@lru_cache(maxsize=4)
def supervision(plan: Plan) -> Supervision:
    """The planned and the actual checks. Each quarter, a number of checks per supplier is planned.

    Most are carried out, some of them weeks late, and a few unplanned ones are added.
    """
    random = plan.random(121)
    per_quarter = min(40, max(1, plan.complaints // 2400))
    planned_rows: list[list[str]] = []
    checks: list[list[str]] = []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        number, checks_before = 0, len(checks)
        for quarter in range(1, 5):
            begin = date(year, 3 * quarter - 2, 1)
            end = date(year + quarter // 4, 3 * quarter % 12 + 1, 1) - timedelta(days=1)
            for supplier in supervised(year):
                for _ in range(per_quarter):
                    day = begin + timedelta(days=int(random.integers(0, 104)))
                    is_done = random.random() < CARRIED_OUT[year] and day < FIRST_CUTOFF
                    is_planned = random.random() > 0.06
                    check = f"LK-{year}-{len(checks) - checks_before + 1:04d}" if is_done else ""
                    if is_planned:
                        number += 1
                        plan_number = f"TP-{year}-{number:04d}"
                        planned_rows.append([plan_number, supplier, f"{end:%d-%m-%Y}", check])
                    if is_done:
                        checks.append(_check(random, check, supplier, day))
    return Supervision(planned_rows, checks)


def _check(random: np.random.Generator, number: str, supplier: str, day: date) -> list[str]:
    centres = [c for c in words.CENTRES if day < words.REORGANISED or c not in words.SUCCESSION]
    centres += [c for c in words.NEW_CENTRES if day >= words.REORGANISED]
    agreed = float(random.integers(10, 61)) * 2
    shown = round(agreed * min(1.0, float(random.normal(0.93, 0.08))) * 2) / 2
    invoiced = agreed if random.random() < 0.55 else shown
    is_documented = random.random() < SUPPLIERS[supplier][4]
    return [
        number, supplier, centres[random.integers(len(centres))], f"{day:%d-%m-%Y}",
        "Ja" if is_documented else "Nej", danish_number(agreed),
        "" if random.random() < 0.04 else danish_number(shown),
        "" if random.random() < 0.03 else danish_number(invoiced),
        "Borger mødte ikke op." if random.random() < 0.1 else "",
    ]  # fmt: skip


def _spoilt_checks(rows: list[list[str]]) -> list[list[str]]:
    spoilt = [list(row) for row in rows]
    for index in POINT_FOR_COMMA:
        spoilt[index][7] = "37.5"
    for index in PARTLY:
        spoilt[index][4] = "Delvist"
    for index in OTHER_DATE:
        spoilt[index][3] = "2019-05-14"
    return spoilt


def _spoilt_plan(rows: list[list[str]]) -> list[list[str]]:
    spoilt = [list(row) for row in rows]
    spoilt[MAIL][3] = "se mail"
    return spoilt
