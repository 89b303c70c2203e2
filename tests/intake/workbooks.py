"""Workbooks written by hand, part by part, so that a test shows what is in the file."""

import csv
import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import quoteattr

from kvalitet.contracts import Column, Contract, Table
from kvalitet.intake.sheet_scan import SheetScan, scan_sheet
from kvalitet.intake.workbook import CELL_RULES, SheetRows, write_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

COLUMNS = (
    Column("id", "Nr.", "string", "", "internal", is_required=True, key_position=1),
    Column("text", "Tekst", "string", "", "internal"),
    Column("amount", "Beløb", "number", "", "internal", scale=4),
    Column("day", "Dag", "date", "", "internal", format="dd-MM-yyyy"),
)
HEADER = "".join(f'<c t="inlineStr"><is><t>{column.header}</t></is></c>' for column in COLUMNS)


def contract(columns: tuple[Column, ...] = COLUMNS, sheet: str = "Ark1", reads_hidden: bool = False) -> Contract:
    table = Table("source", "table", "", "t_{cutoff}.xlsx", False, columns, sheet=sheet, reads_hidden=reads_hidden)
    return Contract(
        "source",
        "",
        "",
        "",
        file_format="xlsx",
        decimal_sign=",",
        timezone="Europe/Copenhagen",
        tables={"table": table},
    )


def parts(rows: str, *, formats: tuple[str, ...] = (), before: str = "", after: str = "", book: str = "") -> dict:
    """The parts of a workbook with one sheet. `rows` come below the header in row 1. Style n has the n-th format."""
    codes = "".join(f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(code)}/>' for n, code in enumerate(formats))
    styles = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    sheet = (
        f'<worksheet xmlns="{MAIN}">{before}<sheetData><row r="1">{HEADER}</row>{rows}</sheetData>{after}</worksheet>'
    )
    return {
        "_rels/.rels": links(officeDocument="xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{book}'
        '<sheets><sheet name="Ark1" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": links(
            worksheet="worksheets/sheet1.xml", styles="styles.xml", sharedStrings="sharedStrings.xml"
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><fills><fill/></fills>'
        f'<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet,
    }


def links(**targets: str) -> str:
    """Relationships to the named parts, each of its own kind."""
    links = "".join(f'<Relationship Id="{kind}" Type="{LINKS}/{kind}" Target="{to}"/>' for kind, to in targets.items())
    return f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'


def packed(content: dict) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return out.getvalue()


def read(folder: Path, content: dict | bytes, agreed: Contract | None = None) -> tuple[list[list[str]], SheetRows]:
    """The records of the table, each cell as text or as the rule it breaks, and the account of the rows.

    Each call compares them with the independent count.
    """
    agreed = agreed or contract()
    book, target = folder / "book.xlsx", folder / "table.csv"
    book.write_bytes(content if isinstance(content, bytes) else packed(content))
    rows = write_table(agreed, agreed.tables["table"], book, "book.xlsx", target)
    with target.open(newline="", encoding="utf-8") as lines:
        records = [[CELL_RULES.get(cell, cell) for cell in record] for record in csv.reader(lines)][1:]
    counted = sorted([*rows.above, rows.header, *rows.notes, *rows.totals, *rows.records])
    assert list(scan(folder).rows) == counted
    assert len(records) == len(rows.records)
    return records, rows


def scan(folder: Path) -> SheetScan:
    return scan_sheet(folder / "book.xlsx", "Ark1")


def cell(value: str, kind: str = "n", style: int = 0) -> str:
    """A cell without a reference, which follows the one before it."""
    return f'<c t="{kind}" s="{style}"><v>{value}</v></c>'


def text(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def row(*cells: str, number: int | None = None, more: str = "") -> str:
    place = f' r="{number}"' if number else ""
    return f"<row{place}{more}>{''.join(cells)}</row>"


EMPTY = "<c/>"
