"""The past on real nights of the sample: what was said, recorded and known, and what changed between two nights."""

from datetime import date
from pathlib import Path

import pytest

from kvalitet.contracts import load_contracts
from kvalitet.intake import extract
from kvalitet.night import is_anything_new, run_night
from kvalitet.past import Past, as_recorded, as_said, known_at
from kvalitet.publication import figures
from kvalitet.restatement import CAUSES, KEY, Restatement, by_key, restate
from kvalitet.sample import generate, generate_earlier, truth
from kvalitet.sample.cases import chunks
from kvalitet.sample.plan import Plan, night_of
from kvalitet.sample.snapshots import as_known
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow
COMPLAINTS = 2000
OLDER = date(2024, 1, 3)


def quiet(step: str, detail: str) -> None:
    """Progress that nobody reads."""


def test_figures_of_the_past_and_what_changed_since(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    monkeypatch.setenv("KVALITET_CODE_VERSION", "test")
    inbox = Path(settings.inbox.removeprefix("file://"))
    generate(inbox, night=1, complaints=COMPLAINTS)
    assert run_night(settings).publication_id == 1
    generate_earlier(inbox, OLDER, complaints=COMPLAINTS)
    for source in load_contracts(settings):
        extract(settings, source)
    assert not is_anything_new(settings), "what was known a year ago is no news"
    generate(inbox, night=2, complaints=COMPLAINTS)
    assert run_night(settings).publication_id == 2

    said = as_said(settings, 1)
    assert (said.as_of_date, said.code_version, said.schema) == (date(2025, 1, 2), "test", None)
    assert said.figures == figures(settings, 1)
    recorded = as_recorded(settings, 1, quiet)
    assert recorded.differs_in == []
    assert recorded.rests_on == said.rests_on
    assert [row["value"] for row in recorded.figures] == [row["value"] for row in said.figures]
    _check_known(known_at(settings, date(2024, 1, 4), quiet))

    found = restate(settings, 1, 2, quiet)
    _check_sums(settings, found)
    _check_causes(found)


def _check_known(known: Past) -> None:
    """A year before the first night: as many complaints as the generator had registered by then."""
    expected = truth(night_of(OLDER), complaints=COMPLAINTS).complaints_by_calendar_year
    received = {
        int(row["period_label"]): int(row["value"])
        for row in known.figures
        if (row["indicator_id"], row["period_kind"]) == ("klager_modtaget", "kalenderaar")
        and row["breakdown_kind"] == "ingen"
    }
    assert received == dict(expected)
    assert known.as_of_date == date(2024, 1, 4)
    assert {row["source_id"]: row["cutoff_date"] for row in known.rests_on}["bif_complaints"] == OLDER
    assert {"audit_remarks", "borgerraadgiver_annual"} <= set(known.without)


def _check_sums(settings: Settings, found: Restatement) -> None:
    """Every figure that both nights showed and that differs is split, and the parts are the difference."""
    before, after = by_key(figures(settings, 1)), by_key(figures(settings, 2))
    changed = {
        key: (row["value"], after[key]["value"])
        for key, row in before.items()
        if key in after and None not in (row["value"], after[key]["value"]) and row["value"] != after[key]["value"]
    }
    split = {
        tuple(row[name] for name in KEY): row
        for row in found.figures
        if row["measure"] == "value" and row["status"] in ("split", "hidden")
    }
    assert changed
    for key, (value_from, value_to) in changed.items():
        row = split[key]
        assert (row["value_from"], row["value_to"]) == (value_from, value_to)
        if row["status"] == "split":
            assert value_from + sum(row[f"{cause}_change"] for cause in CAUSES) == value_to, key


def _check_causes(found: Restatement) -> None:
    """The generator's own plan: which cases the second night withdraws and refiles under another law."""
    plan = Plan(complaints=COMPLAINTS)
    night_1, night_2 = (
        {row["index"]: row for chunk in chunks(plan, night) for row in as_known(plan, night, chunk.cases).to_dicts()}
        for night in (1, 2)
    )
    refiled = [
        index for index in night_1.keys() & night_2.keys() if night_1[index]["law_id"] != night_2[index]["law_id"]
    ]
    assert 0 < found.summary["rows_reclassified"] <= len(refiled), "a spoilt row keeps its last accepted version"
    assert found.summary["rows_withdrawn"] >= len(night_1.keys() - night_2.keys()) > 0, "cases, and their points"
    assert found.summary["definition_build"] is None, "the same code"
    received = [
        row
        for row in found.figures
        if (row["indicator_id"], row["measure"], row["status"]) == ("klager_modtaget", "value", "split")
    ]
    years = [row for row in received if (row["period_kind"], row["breakdown_kind"]) == ("kalenderaar", "ingen")]
    assert years
    assert all(row["reclassification_change"] == 0 for row in years), "another law moves no complaint to another year"
    withdrawn = -sum(row["correction_change"] for row in years)
    assert withdrawn == len(night_1.keys() - night_2.keys())
