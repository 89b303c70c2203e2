"""Waivers: who let which failed check pass, why, and until when."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import synthetic
import yaml
from test_validate import COUNT_C01, check, with_suite

from kvalitet.gate import GateClosed, SuiteInvalid, Verdict, validate
from kvalitet.publication import finish_candidate
from kvalitet.settings import AUDITOR, TIMEZONE, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow

TODAY = datetime.now(TIMEZONE).date()
FAILING = "fct_complaint_centre_none"
BROKEN = "fct_complaint_broken"


def waiver(**changes: object) -> dict:
    return {
        "check": FAILING,
        "reason": "C12 oprettes på mandag; klagerne er rigtige nok.",
        "covers": 25,
        "decided_by": "Kontorchefen",
        "decided_on": TODAY - timedelta(days=7),
        "expires_on": TODAY,
    } | changes


def judge(settings: Settings, folder: Path, *waivers: dict) -> Verdict:
    """Judge a build under these waivers. Half of its rows break one critical check."""
    build_id = synthetic.build(settings)
    finish_candidate(settings, build_id, synthetic.manifest(folder))
    checkout = with_suite(
        settings,
        folder,
        check("centre_none", count_violations=COUNT_C01),
        check("centre_some", count_violations=COUNT_C01, threshold={"percent": 60}),
        check("broken", severity="warning", count_violations="select nix as violations, 1 as denominator from x"),
    )
    checkout.waivers_file.parent.mkdir(parents=True, exist_ok=True)
    checkout.waivers_file.write_text(yaml.safe_dump({"waivers": list(waivers)}, allow_unicode=True))
    try:
        return validate(checkout, build_id, synthetic.manifest(folder))
    except GateClosed as closed:
        return closed.verdict


def test_waived_check_passes_shown_as_failed(settings: Settings, tmp_path: Path) -> None:
    judged = judge(settings, tmp_path, waiver())
    assert judged.passed and judged.blocking == []
    assert [(r.check_id, r.status, r.violations) for r in judged.waived] == [(FAILING, "failed", 25)]
    counted = "2 passed, 0 not applicable, 2 failed (0 critical, 1 warning, 1 waived; 1 could not be measured)."
    assert judged.message == counted
    (kept,) = fetch_all(settings, AUDITOR, "select * from audit.check_waiver")
    assert (kept["check_id"], kept["decided_by"], kept["expires_on"]) == (FAILING, "Kontorchefen", TODAY)
    assert kept["is_used"]
    status = fetch_all(settings, AUDITOR, f"select status from audit.check_result where check_id = '{FAILING}'")
    assert status == [{"status": "failed"}]


def test_unneeded_waiver_is_kept_as_unused(settings: Settings, tmp_path: Path) -> None:
    judged = judge(settings, tmp_path, waiver(), waiver(check="fct_complaint_centre_some"))
    assert judged.passed
    used = fetch_all(settings, AUDITOR, "select check_id, is_used from audit.check_waiver order by 1")
    assert [tuple(row.values()) for row in used] == [(FAILING, True), ("fct_complaint_centre_some", False)]


@pytest.mark.parametrize(
    "days",
    [{"expires_on": TODAY - timedelta(days=1)}, {"decided_on": TODAY + timedelta(days=1), "expires_on": date.max}],
    ids=["expired yesterday", "from tomorrow"],
)
def test_waiver_outside_its_days_blocks(settings: Settings, tmp_path: Path, days: dict) -> None:
    judged = judge(settings, tmp_path, waiver(**days))
    assert not judged.passed
    assert [r.check_id for r in judged.blocking] == [FAILING]


def test_waiver_covers_its_amount_and_no_more(settings: Settings, tmp_path: Path) -> None:
    """25 rows break the check, and 24 were explained."""
    judged = judge(settings, tmp_path, waiver(covers=24))
    assert [r.check_id for r in judged.blocking] == [FAILING] and judged.waived == []
    (kept,) = fetch_all(settings, AUDITOR, "select covers, is_used from audit.check_waiver")
    assert kept == {"covers": 24, "is_used": False}


def test_unmeasured_check_cannot_be_waived(settings: Settings, tmp_path: Path) -> None:
    judged = judge(settings, tmp_path, waiver(), waiver(check=BROKEN))
    assert [r.check_id for r in judged.warnings] == [BROKEN]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([waiver(check="fct_complaint_gone")], "no suite has a check fct_complaint_gone"),
        ([waiver(), waiver()], f"{FAILING} is waived twice"),
        ([waiver(expires_on=TODAY - timedelta(days=30))], "expires_on is before decided_on"),
        ([{key: value for key, value in waiver().items() if key != "reason"}], "reason"),
        ([waiver(until="next week")], "until"),
        ([waiver(covers=0)], "covers"),
    ],
)
def test_invalid_waiver_file_stops_gate(settings: Settings, tmp_path: Path, entries: list[dict], says: str) -> None:
    with pytest.raises(SuiteInvalid, match=says):
        judge(settings, tmp_path, *entries)


def test_our_waivers_are_valid(settings: Settings) -> None:
    from kvalitet.gate import load_suites
    from kvalitet.gate.waivers import load_waivers

    load_waivers(settings.waivers_file, load_suites(settings))
