"""The reassessment of each complaint about a decision, from the case system that the complaints are in."""

from pathlib import Path

import polars as pl

from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file, write_quoted_csv
from kvalitet_example.plan import Plan, day_number
from kvalitet_example.reassessed import ALONE, day, known, steps
from kvalitet_example.spoiling import Spoilt, spoil
from kvalitet_example.spoiling import planned as planned_defects

ID, TABLE, DATE = "complaint_reassessments", "reassessments", "%Y-%m-%d"
#: Days until Ankestyrelsen's number is recorded, and one in so many for which it never is.
NOTED_AFTER, FORGOTTEN = 10, 23
SPOILT = (
    Spoilt(TABLE, 3, "reassessed_date", "Genvurderet", "date_format", "12-03-2019"),
    Spoilt(TABLE, 8, "result", "Resultat", "unknown_value", "omgjort", is_mended=True),
    Spoilt(TABLE, 14, "received_date", "Modtaget", "required", "", is_mended=True),
    Spoilt(TABLE, 21, "appeal_number", "Ankesagsnummer", "pattern", "afventer"),
    Spoilt(TABLE, 30, "*", "*", "duplicate_key", None),
)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the nightly snapshot of all reassessments."""
    path = out / ID / f"genvurderinger_{plan.cutoff(night)}.csv"
    with whole_file(path) as file:
        write_quoted_csv(file, _rows(plan, night), is_first=True)
    return [path]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside."""
    return {TABLE: _rows(plan, night).height}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return planned_defects(ID, SPOILT, night)


def _rows(plan: Plan, night: int) -> pl.DataFrame:
    """The delivered text, headers as in the contract."""
    is_old_enough = pl.col("forwarded") < day_number(plan.cutoff(night)) - NOTED_AFTER
    is_noted = is_old_enough & (pl.col("index") % ALONE != 0) & (pl.col("index") % FORGOTTEN != 0)
    parts = [
        part.select(
            pl.col("case_number").alias("Sagsnummer"),
            day("came", DATE).alias("Modtaget"),
            pl.when(known(plan, night, "reassessed")).then(day("reassessed", DATE)).alias("Genvurderet"),
            pl.when(known(plan, night, "reassessed")).then("result").alias("Resultat"),
            pl.when(known(plan, night, "forwarded")).then(day("forwarded", DATE)).alias("Videresendt"),
            pl.when(is_noted).then("appeal_number").alias("Ankesagsnummer"),
        )
        for part in steps(plan, night)
    ]
    return spoil(pl.concat(parts), TABLE, SPOILT, night)
