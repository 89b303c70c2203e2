"""What `kvalitet restatement` lists: one row for each changed figure, told apart by what differs."""

import pytest
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.past import restatement
from kvalitet.past.restatement import CAUSES, Restatement
from kvalitet.settings import Settings

SUMMARY = {"as_of_from": "2024-01-01", "as_of_to": "2024-01-02"} | {
    f"rows_{name}": 0 for name in ("reclassified", "corrected", "withdrawn", "completed", "new")
}


def changed(authority: str, organisation_id: str = "alle") -> dict:
    """A changed figure of 2023: 40 before, 42 after, by late data. It is the same for all authorities."""
    figure = {
        "indicator_id": "ankesager_afgjort", "source_id": "ankestyrelsen", "organisation_id": organisation_id,
        "authority": authority, "period_kind": "kalenderaar", "period_label": "2023", "breakdown_kind": "ingen",
        "breakdown_member": "alle", "measure": "value", "status": "split", "value_from": 40, "value_to": 42,
    }  # fmt: skip
    return figure | {f"{cause}_change": 2 if cause == "late_data" else 0 for cause in CAUSES}


def listed(monkeypatch: pytest.MonkeyPatch, *figures: dict) -> list[str]:
    """The lines of the list, its headings first."""
    monkeypatch.setattr(restatement, "restate", lambda *_: Restatement(SUMMARY, list(figures)))
    monkeypatch.setattr("kvalitet.reports.write_site", lambda *_, **__: [])
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls: None))
    done = CliRunner().invoke(app, ["restatement", "1", "2"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    lines = done.output.split("Changed figures that are not part of a breakdown")[1].splitlines()
    return [line for line in lines if line.strip(" ─")]


def test_same_changes_are_told_by_authority(monkeypatch: pytest.MonkeyPatch):
    heading, *rows = listed(monkeypatch, *(changed(f"By {number}") for number in (1, 2, 3)))
    assert heading.split()[:3] == ["indicator", "authority", "period"]
    assert len(rows) == len(set(rows)) == 3 and "By 2" in rows[1]


def test_a_unit_is_told_from_the_whole(monkeypatch: pytest.MonkeyPatch):
    heading, *rows = listed(monkeypatch, changed("By 1"), changed("By 1", "C01"))
    assert heading.split()[:3] == ["indicator", "organisation", "period"] and len(set(rows)) == 2


def test_same_value_in_all_rows_has_no_column(monkeypatch: pytest.MonkeyPatch):
    heading, *rows = listed(monkeypatch, changed("By 1"))
    assert heading.split()[:2] == ["indicator", "period"] and len(rows) == 1
