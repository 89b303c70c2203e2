"""Own cases at Ankestyrelsen, for the complaints about decisions that were forwarded to it."""

from pathlib import Path

import polars as pl

from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan
from kvalitet_example.reassessed import ALONE, MISTYPED, WITHOUT_NUMBER, day, known, steps
from kvalitet_example.spoiling import Spoilt, spoil
from kvalitet_example.spoiling import planned as planned_defects

ID, DATE = "appeal_cases", "%d-%m-%Y"
SPOILT = (
    Spoilt("appeals", 5, "decided_date", "Afgjort", "date_impossible", "31-06-2019"),
    Spoilt("appeals", 12, "centre_id", "Center", "pattern", "Ydelsesservice", is_mended=True),
    Spoilt("appeals", 20, "*", "*", "duplicate_key", None),
    Spoilt("outcomes", 9, "outcome", "Udfald", "unknown_value", "Omgjort", is_mended=True),
    Spoilt("outcomes", 16, "outcome", "Udfald", "required", ""),
)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the nightly snapshot: appeals, and the outcomes of their parts."""
    cutoff, folder = plan.cutoff(night), out / ID
    appeals, outcomes = _rows(plan, night)
    return [
        write_danish_csv(folder / f"{name}_{cutoff}.csv", rows.columns, rows.fill_null("").iter_rows(), "utf-8-sig")
        for name, rows in (("ankesager", appeals), ("ankeudfald", outcomes))
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside."""
    appeals, outcomes = _rows(plan, night)
    return {"appeals": appeals.height, "outcomes": outcomes.height}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return planned_defects(ID, SPOILT, night)


def _rows(plan: Plan, night: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The delivered text of both files, headers as in the contract."""
    known_by_now = pl.concat(part.filter(known(plan, night, "arrived")) for part in steps(plan, night))
    is_decided = known(plan, night, "ended")
    index = pl.col("index")
    mistyped = (pl.col("case_number").str.slice(0, 4).cast(pl.Int64) - 10).cast(pl.String)
    appeals = known_by_now.select(
        pl.col("appeal_number").alias("Ankesagsnummer"),
        pl.when((index % ALONE != 0) & (index % WITHOUT_NUMBER != 0))
        .then(
            pl.when(index % MISTYPED == 0)
            .then(mistyped + pl.col("case_number").str.slice(4))
            .otherwise(pl.col("case_number"))
        )
        .alias("Eget sagsnummer"),
        pl.col("law_id").alias("Lov"),
        pl.col("theme_id").alias("Tema"),
        pl.col("centre_id").alias("Center"),
        day("arrived", DATE).alias("Modtaget i Ankestyrelsen"),
        pl.when(is_decided).then(day("ended", DATE)).alias("Afgjort"),
    )
    decided = known_by_now.filter(is_decided)
    parts = [
        decided.filter(pl.col(column).is_not_null()).select(
            "index",
            pl.col("appeal_number").alias("Ankesagsnummer"),
            pl.lit(str(number)).alias("Del"),
            pl.col(column).alias("Udfald"),
        )
        for number, column in enumerate(("outcome", "second_outcome"), 1)
    ]
    outcomes = pl.concat(parts).sort("index", "Del").drop("index")
    return spoil(appeals, "appeals", SPOILT, night), spoil(outcomes, "outcomes", SPOILT, night)
