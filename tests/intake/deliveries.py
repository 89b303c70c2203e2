"""Deliveries written by hand, small enough to see what each test changes."""

import csv
import io
from datetime import date
from pathlib import Path

import openpyxl

COMPLAINT = {
    "Sagsnummer": "2023 - 17309",
    "CPR": "",
    "Modtaget": "2023-05-02T09:15:00",
    "Registreret": "2023-05-02T10:00:00",
    "Videresendt": "",
    "Besvaret": "",
    "Afgjort": "",
    "Svarfrist": "2023-05-30",
    "Klagetype": "formalitet",
    "Modtager": "forvaltningen",
    "Henvist af": "",
    "Henvisers sagsnummer": "",
    "Center": "C01",
    "Lov": "",
    "Tema": "sagsbehandlingstid",
    "Udfald": "",
    "Lukket": "False",
    "KLE": "32.18.04",
    "Fritekst": "Borgeren venter på svar.",
}
POINT = {"Sagsnummer": "2023 - 17309", "Punkt": "1", "Tema": "sagsbehandlingstid", "Vurdering": ""}


def as_csv(rows: list[dict[str, str]], header: list[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=header, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(inbox: Path, name: str, content: str | bytes) -> Path:
    """Write a file as a source should: first under another name."""
    file = inbox / name
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(file)
    return file


def deliver_complaints(inbox: Path, *complaints: dict[str, str], cutoff: str = "2025-01-02", padding: int = 0) -> None:
    """Deliver complaints, each given by its differences from COMPLAINT, with one point each."""
    rows = [COMPLAINT | complaint for complaint in complaints]
    rows += [COMPLAINT | {"Sagsnummer": f"2022 - {n:05d}"} for n in range(padding)]
    points = [POINT | {"Sagsnummer": number} for number in dict.fromkeys(row["Sagsnummer"] for row in rows)]
    write(inbox, f"bif_complaints/klager_{cutoff}.csv", as_csv(rows, list(COMPLAINT)))
    write(inbox, f"bif_complaints/klagepunkter_{cutoff}.csv", as_csv(points, list(POINT)))


ANNUAL = {
    "Myndighed": "Eksempelby Kommune (fiktiv)",
    "Beretningsår": "2022",
    "Fra": "01-04-2022",
    "Til": "31-03-2023",
    "Henvendelser": "500",
    "Ændring pct": "12,5",
    "Medhold pct": "60",
    "Adresse": "https://example.invalid/fiktiv",
}


def deliver_annual(inbox: Path, rows: list[dict[str, str]]) -> None:
    good = [ANNUAL | {"Beretningsår": str(year)} for year in range(2030, 2100)]
    lines = [";".join(row.values()) for row in [*good, *rows]]
    text = "\r\n".join([";".join(ANNUAL), *lines, ""])
    write(inbox, "borgerraadgiver_annual/aarstal_2025-01-02.csv", text.encode("utf-8-sig"))
    referral = "Sagsnummer;Modtaget;Henvist;Tema;Udfald\r\nBR-2022-00001;01-05-2022;02-05-2022;sagsbehandlingstid;\r\n"
    write(inbox, "borgerraadgiver_annual/henvisninger_2025-01-02.csv", referral.encode("utf-8-sig"))


def deliver_statistics(inbox: Path, share: str = "1;Hele landet;2021;Aktivloven;74;15;12;26;6325", encoding="latin-1"):
    files = {
        "udgivelser": [
            "Udgivelse;Udgiver;Titel;Udgivet;Adresse",
            "1;Ankestyrelsen;Årstal;01-02-2022;https://example.invalid/ø",
        ],
        "lov_aar": [
            "Kilde_udgivelse;Myndighed;År;Lov;Stadfæstet pct;Ændret pct;Hjemvist pct;Omgjort pct;Afgjorte sager",
            share,
        ],
        "lov_kvartal": [
            "Kilde_udgivelse;Myndighed;År;Kvartal;Lov;Overordnet lov;Udfald;Antal",
            "1;Gribskov Kommune;2015;1;Sygedagpengeloven;;I alt;15",
        ],
    }
    for name, lines in files.items():
        text = "\r\n".join([*lines, ""])
        write(inbox, f"ankestyrelsen_statistics/{name}_2025-01-02.csv", text.encode(encoding))


def deliver_workbook(inbox: Path, change) -> None:
    """A workbook with two title rows, the header in row 4, 61 remarks from row 5 on, and one change."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("Bemærkninger")
    sheet["A1"] = "Revisionsbemærkninger (fiktiv)"
    sheet.merge_cells("A1:D1")
    headers = ["Nr.", "Revisionsår", "Revisor", "Forvaltning(er)", "Alvorlighed", "Emne", "Bemærkning", "Frist"]
    headers += ["Status", "Videreført fra", "Afgivet", "Ansvarlig", "Lukket den"]
    for column, header in enumerate(headers, 1):
        sheet.cell(row=4, column=column, value=header)
    for row in range(5, 66):
        values = [f"2024-{row:02d}", 2024, "Intern Revision", "BIF; SOF", "mindre", "oekonomi", "tekst", None]
        for column, value in enumerate([*values, "åben", None, date(2024, 5, 15), "Økonomistaben", None], 1):
            sheet.cell(row=row, column=column, value=value)
        sheet.cell(row=row, column=8, value=date(2025, 6, 30))
    totals = book.create_sheet("Totaler")
    totals.append(["Myndighed", "Revisionsår", "Bemærkninger", "Kritiske", "Væsentlige", "Mindre"])
    for column, header in enumerate(["Videreførte", "Nye", "Adresse"], 7):
        totals.cell(row=1, column=column, value=header)
    totals.append(["Københavns Kommune", 2025, 11, 5, 5, 1, None, None, "https://www.kk.dk"])
    change(sheet)
    out = io.BytesIO()
    book.save(out)
    write(inbox, "audit_remarks/revision_2025-01-02.xlsx", out.getvalue())
