"""`kvalitet indicator new` drafts a declaration and its unit test from the fact's columns, and marks each guess."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.errors import KvalitetError
from kvalitet.indicators import IndicatorInvalid, load_indicators
from kvalitet.onboarding.indicator import MARK, Part, draft_indicator
from kvalitet.settings import Settings


@pytest.fixture
def checkout(tmp_path: Path) -> Settings:
    """A copy of the dbt project and of the administration, to draft and write in."""
    settings = Settings.from_environment()
    shutil.copytree(settings.administration.folder, tmp_path / settings.administration_place)
    shutil.copytree(settings.dbt_dir, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    return replace(settings, root=tmp_path)


def drafted(settings: Settings, fact: str, kind: str, source: str = "klagesager") -> tuple[Part, ...]:
    return draft_indicator(settings, "sager_nye_tal", source, fact, kind)  # pyright: ignore[reportArgumentType]


def declaration_of(parts: tuple[Part, ...]) -> dict:
    (declared,) = yaml.safe_load(parts[0].text)
    return declared


def unit_test_of(parts: tuple[Part, ...]) -> dict:
    (test,) = yaml.safe_load(parts[-1].text)["unit_tests"]
    return test


def test_share_of_fact_already_counted(checkout: Settings) -> None:
    parts = drafted(checkout, "fct_reassessment", "share")
    assert [part.file.name for part in parts] == ["klagesager.yaml", "sager_nye_tal.yml"]
    declared = declaration_of(parts)
    assert (declared["unit"], declared["number"]) == ("pct", 77)
    # Guessed by the source's other indicators of the fact.
    assert list(declared["rests_on"]) == ["complaint_reassessments", "bif_complaints"]
    assert declared["versions"][0]["rule"] == {
        "fact": "fct_reassessment",
        "date": "received_date",
        "where": "is_reassessed_in_time is not null",
        "above": "case when is_reassessed_in_time then 1 else 0 end",
        "below": 1,
        "breakdowns": ["center", "lov", "tema"],
    }


def test_count_adds_one_for_each_row(checkout: Settings) -> None:
    declared = declaration_of(drafted(checkout, "fct_appeal", "count"))
    assert (declared["unit"], declared["adds_up_over"]) == ("antal", ["periods", "organisations"])
    rule = declared["versions"][0]["rule"]
    assert (rule["date"], rule["above"], "below" in rule, "where" in rule) == ("received_date", 1, False, False)


def test_only_rows_of_source_are_counted(checkout: Settings) -> None:
    parts = drafted(checkout, "fct_external_case", "count", "domstolene")
    assert declaration_of(parts)["versions"][0]["rule"]["where"] == "source_id = 'domstolene'"
    test = unit_test_of(parts)
    assert {row["source_id"] for row in test["given"][0]["rows"]} == {"domstolene"}
    # The model reads a dimension too, and a unit test must say what is in it.
    assert test["given"][1] == {"input": "ref('dim_outcome')", "rows": []}


def test_unit_test_has_one_indicator(checkout: Settings) -> None:
    test = unit_test_of(drafted(checkout, "fct_delivery_check", "share", "leverandoertilsyn"))
    assert test["overrides"] == {"vars": {"only_indicators": ["sager_nye_tal"]}}


def test_fact_not_yet_counted_gets_its_model(checkout: Settings) -> None:
    parts = drafted(checkout, "fct_complaint_point", "count")
    model = "int_contribution__complaint_point"
    names = ["klagesager.yaml", f"{model}.sql", f"{model}.yml", "sager_nye_tal.yml"]
    assert [part.file.name for part in parts] == names
    assert {part.file.is_relative_to(checkout.administration.folder) for part in parts} == {True}
    assert "{{ contributions('fct_complaint_point') }}" in parts[1].text
    assert yaml.safe_load(parts[2].text)["models"][0]["name"] == unit_test_of(parts)["model"] == model


def test_first_indicator_has_no_guesses(checkout: Settings) -> None:
    (checkout.administration.indicators / "nyt_tilsyn.yaml").write_text("indicators:\n", encoding="utf-8")
    declared = declaration_of(drafted(checkout, "fct_appeal", "count", "nyt_tilsyn"))
    assert (declared["owner"], declared["legal_basis"], declared["rests_on"]) == ("…", "…", {"…": {}})


def test_unfilled_draft_is_refused(checkout: Settings) -> None:
    part = drafted(checkout, "fct_appeal", "count")[0]
    with part.file.open("a", encoding="utf-8") as file:
        file.write(part.text)
    with pytest.raises(
        IndicatorInvalid, match=r"klagesager.yaml, sager_nye_tal: name_da: String should have at least 2"
    ):
        load_indicators(checkout)


@pytest.mark.parametrize(
    ("indicator_id", "source", "fact", "says"),
    [
        ("klager_modtaget", "klagesager", "fct_complaint", "The id klager_modtaget is taken in klagesager.yaml"),
        ("Klager", "klagesager", "fct_complaint", "'Klager' is no id of an indicator"),
        ("klager_nye", "klager", "fct_complaint", "No source klager declares indicators. Known: ankestyrelsen, "),
        ("klager_nye", "klagesager", "fct_klage", "There is no fact fct_klage in dbt_project/models/star"),
        ("klager_nye", "klagesager", "dim_law", "There is no fact dim_law in dbt_project/models/star"),
        ("klager_nye", "klagesager", "fct_supervision_plan", "The fact has no date to count by"),
    ],
)
def test_refusal(checkout: Settings, indicator_id: str, source: str, fact: str, says: str) -> None:
    with pytest.raises(KvalitetError) as refused:
        draft_indicator(checkout, indicator_id, source, fact, "count")
    assert says in str(refused.value)


def test_command_writes_to_screen_or_file(checkout: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ROOT", str(checkout.root))
    command = ["indicator", "new", "x_y", "--source", "klagesager", "--fact", "fct_appeal", "--kind", "count"]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert "# ── append to example/administration/indicators/klagesager.yaml\n" in shown.output
    file = checkout.root / "draft.yaml"
    said = CliRunner().invoke(app, [*command, "--to", str(file)]).output
    assert file.read_text(encoding="utf-8") == shown.output
    assert f"{shown.output.count(MARK)} guesses are marked" in said
