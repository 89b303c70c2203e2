"""The audit workbook as people keep it: titles, merged cells, stray notes, empty rows, one broken formula."""

import io
import re
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from kvalitet_example import published
from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file
from kvalitet_example.plan import Plan

REMARKS = (
    "Nr.", "Revisionsår", "Revisor", "Forvaltning(er)", "Alvorlighed", "Emne", "Bemærkning", "Frist", "Status",
    "Videreført fra", "Afgivet", "Ansvarlig", "Lukket den",
)  # fmt: skip
TOTALS = (
    "Myndighed", "Revisionsår", "Bemærkninger", "Kritiske", "Væsentlige", "Mindre", "Videreførte", "Nye", "Adresse",
)  # fmt: skip
#: Audit year -> new remarks. A third of each year's remarks is carried over to the next.
NEW_REMARKS = {2019: 7, 2020: 5, 2021: 6, 2022: 9, 2023: 6}
SEVERITIES = ("kritisk", "væsentlig", "mindre")
ADMINISTRATIONS = ("BIF", "BIF", "BIF; SOF", "BIF; ØKF", "BIF; SOF; BUF", "SOF", "ØKF")
AUDITORS = ("Rigsrevisionen (fiktiv bemærkning)", "Intern Revision (fiktiv)", "Eksempelrevision P/S (fiktiv)")
OWNERS = ("Økonomistaben (fiktiv)", "Juridisk stab (fiktiv)", "Ydelseskontoret (fiktiv)")
#: Carried over from a year before the workbook begins, so their predecessors cannot be found.
BEFORE_THE_FIRST = ("2019-07", "2018-02")
WITHOUT_OWNER = "2023-05"
NOTE_IN_KEY = "NB! Husk at spørge revisor om frister"
FORMULA_ERROR = "2022-02"
PLANNED = (
    Defect("audit_remarks", "remarks", "remark_number", "pattern", 1),  # the note in the key's column
    Defect("audit_remarks", "remarks", "due_date", "formula_error", 1),
)
SAVED_AT = datetime(2025, 1, 2, 9, 0)  # noqa: DTZ001 (a workbook knows no zone)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the yearly workbook, on the first night only."""
    if night > 1:
        return []
    path = out / "audit_remarks" / f"revision_{plan.cutoff(night)}.xlsx"
    remarks = remark_rows(plan)
    workbook = Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Bemærkninger"
    _write_remarks(sheet, remarks)
    _write_totals(workbook.create_sheet("Totaler"), remarks)
    workbook.create_sheet("Ark3")["B2"] = "slettes?"
    workbook.properties.creator = "Økonomi og revision (fiktiv)"
    workbook.properties.created = SAVED_AT
    with whole_file(path) as file:
        file.write(same_bytes(workbook))
    return [path]


def remark_rows(plan: Plan) -> list[list]:
    """One row per remark and audit year, in the order of REMARKS, with dates as dates."""
    random = plan.random(4)
    rows: list[list] = []
    open_before: list[list] = []
    for year, new in NEW_REMARKS.items():
        this_year = []
        for number in range(1, len(open_before) + new + 1):
            carried = open_before[number - 1] if number <= len(open_before) else None
            severity = carried[4] if carried else SEVERITIES[random.choice(3, p=(0.2, 0.45, 0.35))]
            theme = carried[5] if carried else words.AUDIT_THEMES[random.integers(len(words.AUDIT_THEMES))]
            concerned = carried[3] if carried else ADMINISTRATIONS[random.integers(len(ADMINISTRATIONS))]
            text = f"Revisionen har konstateret svagheder vedr. {theme.replace('_', ' ')} (fiktiv)."
            due = date(year + 1, int(random.integers(6, 13)), 28)
            auditor = carried[2] if carried else AUDITORS[0 if number % 5 == 0 else 1 + (number % 3 == 0)]
            name = f"{year}-{number:02d}"
            before = carried[0] if carried else BEFORE_THE_FIRST[1] if name == BEFORE_THE_FIRST[0] else None
            owner = None if name == WITHOUT_OWNER else OWNERS[words.AUDIT_THEMES.index(theme) % len(OWNERS)]
            closed = due + timedelta(days=40 if number % 4 == 0 else -25)
            this_year.append(
                [name, year, auditor, concerned, severity, theme, text, due, "lukket",
                 before, date(year + 1, 5, 15), owner, closed]
            )  # fmt: skip
        open_before = this_year[::3]
        for row in open_before:
            row[8] = "åben" if year == max(NEW_REMARKS) else "delvist lukket"
            row[12] = None
        rows += this_year
    return rows


def total_rows(remarks: list[list]) -> list[list]:
    """The real totals, then the fictional ones, counted from the remarks."""
    rows: list[list] = [
        [int(row[name]) if row[name].isdigit() else row[name] or None for name in TOTALS]
        for row in published.rows("revision_totaler")
    ]
    for year in NEW_REMARKS:
        of_year = [row for row in remarks if row[1] == year]
        graded = [sum(row[4] == severity for row in of_year) for severity in SEVERITIES]
        carried = sum(row[9] is not None for row in of_year)
        address = f"https://revision.eksempelby.invalid/{year}"
        rows.append([words.AUTHORITY, year, len(of_year), *graded, carried, len(of_year) - carried, address])
    return rows


def _write_remarks(sheet: Worksheet, remarks: list[list]) -> None:
    sheet["A1"] = "Revisionsbemærkninger – Eksempelby Kommune (fiktiv)"
    sheet.merge_cells("A1:M1")
    sheet["A2"] = "Føres af Økonomi og revision. Ret ikke i kolonne A!"
    sheet["A4"], sheet["E4"], sheet["H4"] = "Bemærkningen", "Vurdering", "Opfølgning"
    for cells in ("A4:D4", "E4:G4", "H4:M4"):
        sheet.merge_cells(cells)
    sheet.append(REMARKS)
    for number, row in enumerate(remarks):
        if number and row[1] != remarks[number - 1][1]:
            sheet.append([])
        values = list(row)
        if number % 9 == 4:
            values[7] = row[7].strftime("%d-%m-%Y")  # typed as text
        if row[0] == FORMULA_ERROR:
            values[7] = "#REF!"
        sheet.append(values)
        if row[0] == "2021-03":
            sheet.append([NOTE_IN_KEY])
    sheet.cell(9, 17, "ring til Lone?")  # beside the table
    sheet.append([])
    sheet.cell(sheet.max_row + 2, 7, "Kilde: revisionsberetningerne")


def _write_totals(sheet: Worksheet, remarks: list[list]) -> None:
    sheet["A1"] = "Antal bemærkninger pr. år"
    sheet.merge_cells("A1:I1")
    sheet["B2"] = "Tallene for København er offentliggjorte; resten er fiktive"
    sheet.append([])
    sheet.append(TOTALS)
    for row in total_rows(remarks):
        sheet.append(row)


def same_bytes(workbook: Workbook) -> bytes:
    """The saved workbook without clock times, so that the same content gives the same bytes."""
    saved, plain = io.BytesIO(), io.BytesIO()
    workbook.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                stamp = SAVED_AT.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            new.writestr(zipfile.ZipInfo(entry.filename, SAVED_AT.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return plain.getvalue()
