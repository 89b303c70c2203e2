"""The results expected after a night: the generator's own count of what it delivered.

Counted from the plan, not from the files. Rows that the contracts set aside are left out, and those that keep an
earlier night's version are counted in that version.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from kvalitet_example import appeals, audit, ombudsman, organisation
from kvalitet_example.cases import Chunk, chunks
from kvalitet_example.defects import (
    COMPLAINT_DEFECTS,
    POINT_DEFECTS,
    POINT_OFFSET,
    Defect,
    has_defect,
    planned,
)
from kvalitet_example.plan import Plan
from kvalitet_example.snapshots import as_known, is_in_snapshot
from kvalitet_example.sources import SOURCES

BIF = "bif_complaints"


@dataclass
class Truth:
    """Expected figures after nights 1..`night` were taken in, each delivery once and in order.

    A night before the first stands for the older snapshot of that cut-off alone, of which the complaints are counted.
    `delivered` and `defects` concern this night's deliveries, keyed by (source, table). Sources that deliver nothing
    tonight are not in them. Everything else is the warehouse's state, over complaints that are open in raw. Quarters
    are "2021-K4", and report years are named after the year they begin in.
    """

    night: int
    cutoff: date
    delivered: dict[tuple[str, str], int] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    complaints: int = 0
    points: int = 0
    points_without_complaint: int = 0
    complaints_by_calendar_year: Counter[int] = field(default_factory=Counter)
    complaints_by_report_year: Counter[int] = field(default_factory=Counter)
    complaints_by_quarter: Counter[str] = field(default_factory=Counter)
    complaints_by_centre_and_year: Counter[tuple[str, int]] = field(default_factory=Counter)
    outcomes_by_calendar_year: Counter[tuple[int, str | None]] = field(default_factory=Counter)  # None: open
    repeats_by_quarter: Counter[str] = field(default_factory=Counter)  # for any window of 31 to 600 days
    matched: int = 0  # referred by the ombudsman, and the number is among its accepted referrals
    unmatched_number: int = 0  # … under a number that is not among them
    without_number: int = 0  # … under no number
    referred_by_ombudsmand: int = 0
    referrals_without_complaint: int = 0
    inquiries_by_report_year: dict[int, int] = field(default_factory=dict)

    def rejected(self, source: str, table: str) -> int:
        """Rows of tonight's delivery that must be set aside."""
        return sum(defect.rows for defect in self.defects if (defect.source, defect.table) == (source, table))


def truth(night: int = 1, seed: int = 2019, complaints: int = 6000) -> Truth:
    """The expected figures of `generate(out, night, seed, complaints)`. Takes about as long as `generate`."""
    plan = Plan(seed, complaints)
    result = Truth(night, plan.cutoff(night), inquiries_by_report_year=dict(plan.inquiries))
    present = []
    for chunk in chunks(plan, night):
        landed = _landed(plan, night, chunk)
        _count_complaints(result, landed)
        _count_referred(result, landed, are_delivered=chunk.since_night == 1)
        here = chunk.cases.filter(is_in_snapshot(plan, night))
        _count_points(result, plan, night, chunk, here, landed)
        present.append(here["index"])
    indices = pl.concat(present)
    result.defects = list(planned(plan, night, indices))
    doubled = {defect.table: defect.rows // 2 for defect in result.defects if defect.rule == "duplicate_key"}
    result.delivered[BIF, "complaints"] = len(indices) + doubled["complaints"]
    result.delivered[BIF, "complaint_points"] += doubled["complaint_points"]
    _count_others(result, plan, night)
    _count_smaller(result, plan, night)
    return result


def _landed(plan: Plan, night: int, chunk: Chunk) -> pl.DataFrame:
    """The chunk's complaints that are open in raw, each as of the last night that it was accepted."""
    accepted_on = _last_accepted(plan, night, chunk.since_night, COMPLAINT_DEFECTS, 0)
    cases = chunk.cases.with_columns(accepted_on=accepted_on).filter(is_in_snapshot(plan, night))
    parts = [
        as_known(plan, version, cases.filter(pl.col("accepted_on") == version))
        for version in range(min(chunk.since_night, night), night + 1)
    ]
    at = pl.from_epoch("received", time_unit="s")
    return pl.concat(parts).with_columns(
        year=at.dt.year(),
        report_year=at.dt.year() - (at.dt.month() < 4).cast(pl.Int32),
        quarter=at.dt.year().cast(pl.String) + "-K" + at.dt.quarter().cast(pl.String),
    )


def _last_accepted(plan: Plan, night: int, since: int, rules: dict[str, tuple], offset: int) -> pl.Expr:
    """The last night whose row followed the contract, 0 where none did."""
    accepted_on = pl.lit(0)
    for version in range(min(since, night), night + 1):
        is_spoilt = pl.any_horizontal([has_defect(plan, version, rules, rule, offset) for rule in rules])
        accepted_on = pl.when(is_spoilt).then(accepted_on).otherwise(version)
    return accepted_on


def _count_complaints(result: Truth, landed: pl.DataFrame) -> None:
    result.complaints += landed.height
    result.complaints_by_calendar_year.update(_counts(landed, "year"))
    result.complaints_by_report_year.update(_counts(landed, "report_year"))
    result.complaints_by_quarter.update(_counts(landed, "quarter"))
    result.complaints_by_centre_and_year.update(_counts(landed, "centre_id", "year"))
    result.outcomes_by_calendar_year.update(_counts(landed, "year", "outcome_id"))
    # Citizens complain again about the same theme only within a month, and then it is a repeat.
    of_citizen = landed.filter(pl.col("citizen") >= 0).group_by("quarter", "citizen", "theme_id").len()
    repeats = of_citizen.filter(pl.col("len") > 1).group_by("quarter").agg((pl.col("len") - 1).sum())
    result.repeats_by_quarter.update(dict(repeats.iter_rows()))


def _count_referred(result: Truth, landed: pl.DataFrame, are_delivered: bool) -> None:
    of_ombudsman = landed.filter(pl.col("referred_by") == "borgerraadgiver")
    is_known = pl.col("referrer_case_number") == pl.col("referral_number")
    matched = of_ombudsman.filter(is_known).height if are_delivered else 0
    without = of_ombudsman["referrer_case_number"].null_count()
    result.matched += matched
    result.without_number += without
    result.unmatched_number += of_ombudsman.height - matched - without
    result.referred_by_ombudsmand += landed.filter(pl.col("referred_by") == "ombudsmand").height


def _count_points(
    result: Truth, plan: Plan, night: int, chunk: Chunk, here: pl.DataFrame, landed: pl.DataFrame
) -> None:
    points = chunk.points.join(here.select("index"), on="index", how="semi")
    accepted_on = _last_accepted(plan, night, chunk.since_night, POINT_DEFECTS, POINT_OFFSET)
    open_points = points.filter((pl.col("point_number") > 1) | (accepted_on > 0))
    result.delivered[BIF, "complaint_points"] = result.delivered.get((BIF, "complaint_points"), 0) + points.height
    result.points += open_points.height
    result.points_without_complaint += open_points.join(landed.select("index"), on="index", how="anti").height


def _count_others(result: Truth, plan: Plan, night: int) -> None:
    units, succession = organisation.rows(plan.cutoff(night))
    result.delivered["organisation", "units"] = len(units)
    result.delivered["organisation", "succession"] = len(succession)
    referrals = sum(rows.height for rows in ombudsman.referral_rows(plan))
    result.referrals_without_complaint = referrals - 1 - result.matched  # one of them is planned to be set aside
    if night == 1:
        result.delivered["borgerraadgiver_annual", "annual_figures"] = len(ombudsman.figure_rows(plan))
        result.delivered["borgerraadgiver_annual", "referrals"] = referrals
        remarks = audit.remark_rows(plan)
        result.delivered["audit_remarks", "remarks"] = len(remarks) + 1  # and the note that looks like a remark
        result.delivered["audit_remarks", "totals"] = len(audit.total_rows(remarks))
        result.defects += [*ombudsman.PLANNED, *audit.PLANNED]
    if night in (1, 2):
        tables = ("publications", "outcome_shares", "quarter_outcomes")
        for table, rows in zip(tables, appeals.rows(plan, night), strict=True):
            result.delivered["ankestyrelsen_statistics", table] = len(rows)
        result.defects += appeals.PLANNED


def _count_smaller(result: Truth, plan: Plan, night: int) -> None:
    if night < 1:
        return
    for contract_id, module in SOURCES.items():
        for table, rows in module.delivered(plan, night).items():
            result.delivered[contract_id, table] = rows
        result.defects += module.planned(plan, night)


def _counts(rows: pl.DataFrame, *columns: str) -> dict:
    counted = rows.group_by(*columns).len().iter_rows()
    return {key[0] if len(columns) == 1 else tuple(key): count for *key, count in counted}
