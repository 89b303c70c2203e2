"""The small share of defects that the contracts must catch: which row, which night, which rule.

Defects sit at fixed positions, so that they can be counted without reading a file. Every kind spoils one of each STRIDE
complaints. Those of the first night are mended on the second in every other stride, and stay in the rest. Each later
night spoils rows of a few kinds that were in order the night before and are again the night after.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from kvalitet_example.plan import Plan

STRIDE = 2000
STEP = 61  # between the positions of two kinds
NIGHTLY = ("unknown_value", "date_impossible", "boolean_format", "formula")
FORMULA_TEXT = "=cmd|' /C calc'!A0"


@dataclass(frozen=True)
class Defect:
    """Rows of one delivery that break one rule. `column` is the contract's name, "*" for the whole row.

    `rule` is the code under which intake sets the rows aside (kvalitet.intake.rules).
    """

    source: str
    table: str
    column: str
    rule: str
    rows: int


#: rule -> (column as written, column in the contract, what is written instead). None means that the row is doubled.
COMPLAINT_DEFECTS: dict[str, tuple[str, str, pl.Expr | None]] = {
    "date_impossible": ("Svarfrist", "answer_due_date", pl.lit("2023-02-30")),
    "date_format": ("Videresendt", "forwarded_at", pl.lit("02-03-2023 10:15")),
    "local_time_nonexistent": ("Besvaret", "answered_at", pl.lit("2023-03-26T02:30:00")),
    "local_time_ambiguous": ("Besvaret", "answered_at", pl.lit("2023-10-29T02:30:00")),
    "unknown_value": ("Klagetype", "complaint_type", pl.lit("serviceklage")),
    "boolean_format": ("Lukket", "is_closed", pl.lit("Ja")),
    "cpr_in_text": ("Henvisers sagsnummer", "referrer_case_number", "cpr " + pl.col("safe_cpr")),
    "formula": ("Henvisers sagsnummer", "referrer_case_number", pl.lit(FORMULA_TEXT)),
    "too_long": ("Henvisers sagsnummer", "referrer_case_number", pl.lit("se brev af " + "x" * 40)),
    "cpr_invalid": ("CPR", "citizen_pseudonym", pl.lit("ukendt")),
    "required": ("Modtaget", "received_at", pl.lit(None, pl.String)),
    "pattern": ("Center", "centre_id", pl.lit("Center 3")),
    "duplicate_key": ("*", "*", None),
}
POINT_DEFECTS: dict[str, tuple[str, str, pl.Expr | None]] = {
    "unknown_value": ("Vurdering", "outcome_id", pl.lit("måske")),
    "pattern": ("Tema", "theme_id", pl.lit("Ukendt tema")),
    "duplicate_key": ("*", "*", None),
}
POINT_OFFSET = 17  # keeps the two tables' defects on different complaints


def stride(plan: Plan) -> int:
    return min(STRIDE, plan.complaints)


def has_defect(plan: Plan, night: int, rules: dict[str, tuple], rule: str, offset: int = 0) -> pl.Expr:
    """Whether the complaint at `index` is spoilt in this way on this night."""
    every, place = stride(plan), list(rules).index(rule) * STEP + 11 + offset
    is_first = pl.col("index") % every == place
    if night > 1:
        is_first &= (pl.col("index") // every) % 2 == 0
    if night > 1 and rule in NIGHTLY:
        is_first |= pl.col("index") % every == (place + 7 * (night - 1)) % every
    return is_first & (pl.col("index") < plan.complaints)


def spoil(plan: Plan, night: int, rows: pl.DataFrame, rules: dict[str, tuple], offset: int = 0) -> pl.DataFrame:
    """Write the night's defects into delivered rows (text columns, with `index` and `safe_cpr`)."""
    written: dict[str, pl.Expr] = {}
    doubled = pl.lit(False)
    for rule, (header, _, value) in rules.items():
        hit = has_defect(plan, night, rules, rule, offset)
        if rules is POINT_DEFECTS:
            hit &= pl.col("Punkt") == "1"
        if value is None:
            doubled = hit
        else:
            written[header] = pl.when(hit).then(value).otherwise(written.get(header, pl.col(header)))
    rows = rows.with_columns(doubled=doubled, **written)
    if rows["doubled"].any():
        rows = rows.select(pl.all().repeat_by(pl.col("doubled").cast(pl.UInt32) + 1).explode())
    return rows.drop("doubled")


def planned(plan: Plan, night: int, present: pl.Series) -> Iterator[Defect]:
    """The defects of the complaint delivery, given the indices of the complaints that are in it."""
    frame = pl.DataFrame({"index": present})
    for table, rules, offset in (
        ("complaints", COMPLAINT_DEFECTS, 0),
        ("complaint_points", POINT_DEFECTS, POINT_OFFSET),
    ):
        for rule, (_, column, value) in rules.items():
            hits = frame.select(has_defect(plan, night, rules, rule, offset).sum()).item()
            yield Defect("bif_complaints", table, column, rule, hits * (2 if value is None else 1))
