"""What an administration decides of the product's checks, and checks of its own."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kvalitet.gate.loading import load_suites
from kvalitet.gate.materials import materials
from kvalitet.gate.suites import Suite, SuiteInvalid
from kvalitet.settings import Settings

ROOT = Path(__file__).parents[2]
SHIPPED = Settings(ROOT, ROOT, "", "", "")
CENTRES = "fct_complaint_is_centre_in_force_mostly"
COUNTED = {
    "id": "fct_complaint_by_phone",
    "must_hold": "Hver tiende klage er mundtlig.",
    "count_violations": "select 0 as violations, count(*) as denominator from fct_complaint",
    "why": "Så mange er det altid.",
    "severity": "warning",
    "advice_engineer": "Spørg klageteamet.",
}


@pytest.fixture
def koege(tmp_path: Path) -> Settings:
    """A checkout with the product's suites, and a folder of its own for what it decides."""
    for folder in ("expectations", "dbt_project"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    settings = replace(SHIPPED, root=tmp_path, administration_place=Path("administration"))
    settings.administration.suites.mkdir(parents=True)
    settings.contracts_dir.symlink_to(SHIPPED.contracts_dir)
    return settings


def decide(settings: Settings, table: str, **suite: object) -> None:
    text = yaml.safe_dump({"table": table, **suite}, allow_unicode=True)
    (settings.administration.suites / f"{table}.yaml").write_text(text, encoding="utf-8")


def complaints(settings: Settings) -> Suite:
    return next(suite for suite in load_suites(settings) if suite.table == "fct_complaint")


def test_own_threshold_and_owner_apply(koege: Settings) -> None:
    before = {check.id: check for check in complaints(koege).checks}
    stated = {"threshold": {"percent": 7}, "severity": "warning", "owner": "Klageteamet"}
    decide(koege, "fct_complaint", differs={CENTRES: {**stated, "advice_reader": "Se bort fra tallet."}})
    after = {check.id: check for check in complaints(koege).checks}
    changed = after.pop(CENTRES)
    assert str(changed.threshold) == "højst 7 %"
    assert (changed.severity, changed.owner, changed.advice_reader) == ("warning", "Klageteamet", "Se bort fra tallet.")
    assert changed.rule == before.pop(CENTRES).rule
    assert after == before


def test_derived_check_can_differ(koege: Settings) -> None:
    decide(koege, "fct_complaint", differs={"fct_complaint_rows_present": {"owner": "Klageteamet"}})
    (rows,) = (check for check in complaints(koege).checks if check.id == "fct_complaint_rows_present")
    assert rows.owner == "Klageteamet"


def test_own_check_is_added_to_ours(koege: Settings) -> None:
    number = len(complaints(koege).checks)
    decide(koege, "fct_complaint", checks=[COUNTED])
    suite = complaints(koege)
    assert (len(suite.checks), suite.checks[-1].id) == (number + 1, "fct_complaint_by_phone")


def test_own_owner_applies_by_default(koege: Settings) -> None:
    named = {check.id for suite in load_suites(koege) for check in suite.checks if check.owner != "Kvalitetsteamet"}
    (koege.administration.suites / "defaults.yaml").write_text("owner: Kvalitetsteamet i Køge", encoding="utf-8")
    checks = {check.id: check for suite in load_suites(koege) for check in suite.checks}
    assert {checks[id].owner for id in checks.keys() - named} == {"Kvalitetsteamet i Køge"}
    assert "Kvalitetsteamet i Køge" not in {checks[id].owner for id in named}
    # The product's other defaults still hold.
    assert checks[CENTRES].advice_reader


@pytest.mark.parametrize(
    ("suite", "told"),
    [
        ({"differs": {"fct_complaint_nix": {"owner": "Holdet"}}}, "there is no check fct_complaint_nix"),
        ({"differs": {CENTRES: {"count_violations": "select 1"}}}, "only advice_engineer, advice_reader, owner"),
        ({"differs": {CENTRES: {"severity": "fatal"}}}, "severity"),
        ({"differs": {CENTRES: None}}, f"differs, {CENTRES}: only"),
        ({"differs": [CENTRES]}, "write the check's id, and below it what differs"),
        ({"checks": [{**COUNTED, "id": CENTRES}]}, f"{CENTRES}: the id is taken"),
    ],
)
def test_invalid_decision_is_refused_by_name(koege: Settings, suite: dict, told: str) -> None:
    decide(koege, "fct_complaint", **suite)
    with pytest.raises(SuiteInvalid) as refused:
        load_suites(koege)
    assert told in refused.value.what


def test_decisions_change_digest_of_suites(koege: Settings, tmp_path: Path) -> None:
    before = materials(koege, tmp_path / "none.json")
    decide(koege, "fct_complaint", differs={CENTRES: {"severity": "warning"}})
    after = materials(koege, tmp_path / "none.json")
    assert {name for name in before if before[name] != after[name]} == {"suites"}
