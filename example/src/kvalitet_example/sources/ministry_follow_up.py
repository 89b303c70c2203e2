"""Decision letters that answer the audit remarks, and the ministry's investigations of practice. Fictional."""

from datetime import date, timedelta
from pathlib import Path

from kvalitet_example import audit
from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

POINTS = (
    "Punkt", "Skrivelsens år", "Revisionsbemærkning", "Revisionsår", "Emne", "Ministeriets ordlyd", "Ansvarlig",
    "Skrivelsens dato", "Frist", "Status", "Lukket",
)  # fmt: skip
INVESTIGATIONS = (
    "Undersøgelse", "Lov", "Emne", "Begyndt", "Afsluttet", "Konklusion", "Førte til tiltag",
)  # fmt: skip
#: The ministry responds to remarks that are more than minor, in a letter of the following autumn.
TAKEN_UP = ("kritisk", "væsentlig")
UNITS = ("Ydelsesservice (fiktiv)", "Økonomi og revision (fiktiv)", "Kvalitetsenheden (fiktiv)")
CASES = (
    ("STAR-2019-1", "sygedagpengeloven", "lovpligtige_frister", "04-03-2019", "18-11-2019", "anbefalinger", "ja"),
    ("STAR-2020-1", "beskaeftigelsesindsatsloven", "indsats", "13-01-2020", "07-12-2020", "ingen bemærkninger", "nej"),
    ("STAR-2021-1", "aktivloven", "sanktion", "08-02-2021", "29-11-2021", "kritik", "ja"),
    ("STAR-2022-1", "pensionsloven", "foertidspension", "21-03-2022", "16-01-2023", "anbefalinger", "ja"),
    ("STAR-2023-1", "aktivloven", "dokumentation", "06-03-2023", "31-02-2024", "anbefalinger", "ja"),
    ("STAR-2024-1", "sygedagpengeloven", "vejledning", "09-09-2024", "", "", ""),
)
#: The last point of these letters is spoilt in this column.
SPOILT = {2021: ("Frist", "ultimo juni"), 2022: ("Status", "afventer")}


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the yearly lists, on the first night only."""
    if night > 1:
        return []
    folder, cutoff = out / "ministry_follow_up", plan.cutoff(night)
    points = [[row[name] for name in POINTS] for row in point_rows(plan)]
    return [
        write_danish_csv(folder / f"decisionspunkter_{cutoff}.csv", POINTS, points, "utf-8-sig"),
        write_danish_csv(folder / f"praksisundersoegelser_{cutoff}.csv", INVESTIGATIONS, CASES, "utf-8-sig"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    return {"points": len(point_rows(plan)), "investigations": len(CASES)} if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    if night > 1:
        return []
    return [
        Defect("ministry_follow_up", "points", "due_date", "date_format", 1),
        Defect("ministry_follow_up", "points", "status", "unknown_value", 1),
        Defect("ministry_follow_up", "investigations", "ended_date", "date_impossible", 1),
    ]


def point_rows(plan: Plan) -> list[dict[str, str]]:
    """One row per point. Every remark that it answers is among those that the audit's contract lets in."""
    random = plan.random(15)
    remarks = [dict(zip(audit.REMARKS, row, strict=True)) for row in audit.remark_rows(plan)]
    taken_up = [r for r in remarks if r["Alvorlighed"] in TAKEN_UP and r["Nr."] != audit.FORMULA_ERROR]
    rows: list[dict[str, str]] = []
    for remark in taken_up:
        year = remark["Revisionsår"] + 1
        issued, due = date(year, 10, 1) + timedelta(days=year % 5), date(year + 1, 3, 31)
        days = int(random.normal(150, 60))
        closed = issued + timedelta(days=max(20, days))
        is_closed = closed < plan.cutoff(1)
        number = 1 + sum(row["Skrivelsens år"] == str(year) for row in rows)
        rows.append(
            {
                "Punkt": f"{year}/{number}",
                "Skrivelsens år": str(year),
                "Revisionsbemærkning": remark["Nr."],
                "Revisionsår": str(remark["Revisionsår"]),
                "Emne": remark["Emne"],
                "Ministeriets ordlyd": "Ministeriet beder om en redegørelse for forholdet (fiktiv).",
                "Ansvarlig": UNITS[int(random.integers(len(UNITS)))],
                "Skrivelsens dato": issued.strftime("%d-%m-%Y"),
                "Frist": due.strftime("%d-%m-%Y"),
                "Status": "lukket" if is_closed else "delvist lukket" if number % 3 == 0 else "åben",
                "Lukket": closed.strftime("%d-%m-%Y") if is_closed else "",
            }
        )
    for year, (column, text) in SPOILT.items():
        [row for row in rows if row["Skrivelsens år"] == str(year)][-1][column] = text
    return rows
