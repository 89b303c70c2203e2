"""The supervisors' list: the cases drawn for the newest round, exported by a named reader with access to them."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import errors

from kvalitet.errors import KvalitetError
from kvalitet.settings import DETAIL, Settings
from kvalitet.warehouse.connection import connect

#: column of rpt_supervision_sample -> header of the list
HEADERS = {
    "round_id": "Runde",
    "drawn_date": "Trukket",
    "name_da": "Risikoområde",
    "level": "Niveau",
    "centre_id": "Center",
    "centre_name": "Centerets navn",
    "case_number": "Sagsnummer",
    "decided_date": "Afgjort",
    "drawn_rank": "Nr. i centerets trækning",
    "stratum_size": "Centerets sager",
    "stratum_sample": "Heraf udtrukket",
    "seed": "Frø",
}
FORMATS = (".csv", ".xlsx")
RULE = "Sagerne er taget i rækkefølge efter md5(frø efterfulgt af sagsnummer) inden for hvert risikoområde og center."
_SAMPLE = """
select * from reporting_detail.rpt_supervision_sample
where %(area)s::text is null or risk_area_id = %(area)s::text
order by risk_area_id, centre_id, drawn_rank
"""


@dataclass(frozen=True)
class SampleList:
    """The list that was written: the round with its seed, the cases, and the centres they are from."""

    file: Path
    round_id: str
    seed: str
    cases: int
    centres: tuple[str, ...]


def export_sample(settings: Settings, out: Path, area: str | None = None) -> SampleList:
    """Write the drawn cases of the centres granted to the detail role to `out`, a .csv or .xlsx file.

    The file names cases, so only its owner can read it. Raises KvalitetError where nothing is published, or no drawn
    case is among those that the role may see.
    """
    if out.suffix not in FORMATS:
        raise KvalitetError(f"{out.name} is neither .csv nor .xlsx.", "Choose one of the two with --out.")
    try:
        with connect(settings, DETAIL) as connection:
            rows = connection.execute(_SAMPLE, {"area": area}).fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.InsufficientPrivilege):
        raise KvalitetError(
            "No publication holds a supervision sample that the detail role may read.", "Publish a night first."
        ) from None
    if not rows:
        raise KvalitetError(
            f"No case was drawn{f' in the area {area}' if area else ''} at the centres granted to {DETAIL}.",
            "rpt_supervision_plan has the areas. As admin, grant centres in audit.detail_access (docs/security.md).",
        )
    content = _csv(rows) if out.suffix == ".csv" else _xlsx(rows)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    return SampleList(
        out, rows[0]["round_id"], rows[0]["seed"], len(rows), tuple(sorted({row["centre_id"] for row in rows}))
    )


def _csv(rows: list[dict[str, Any]]) -> bytes:
    """The rows as a CSV file for a Danish spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADERS.values())
    for row in rows:
        writer.writerow([row[name] for name in HEADERS])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[dict[str, Any]]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Stikprøve")
    sheet.append(list(HEADERS.values()))
    for row in rows:
        sheet.append([row[name] for name in HEADERS])
    about = workbook.create_sheet("Om stikprøven")
    for line in (("Runde", rows[0]["round_id"]), ("Frø", rows[0]["seed"]), ("Regel", RULE)):
        about.append(line)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
