"""What dbt reads of the indicators is written from their declarations, and what they leave to a model stands in it."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from scripts_of_dbt import load_script

from kvalitet.indicators import Rule, RuleInModel, contribution_model, load_indicators
from kvalitet.settings import Settings

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MEASURING = ("int_contribution__", "int_stock__", "int_duration__")


@pytest.fixture(scope="module")
def make_indicators() -> ModuleType:
    return load_script("make_indicators")


@pytest.fixture(scope="module")
def rules() -> list[tuple[str, Rule | RuleInModel]]:
    """(indicator, rule) of every version."""
    declared = load_indicators(Settings.from_environment())
    return [
        (one.id, version.rule) for indicators in declared.values() for one in indicators for version in one.versions
    ]


def test_written_files_match_declarations(make_indicators: ModuleType) -> None:
    """If this fails, run dbt_project/scripts/make_indicators.py."""
    assert {path.name for path, text in make_indicators.files().items() if path.read_text("utf-8") != text} == set()


def test_faulty_declaration_writes_nothing(
    make_indicators: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = tmp_path / "example" / "administration" / "indicators" / "klagesager.yaml"
    faulty.parent.mkdir(parents=True)
    (tmp_path / "dbt_project").mkdir()
    faulty.write_text("indicators:\n  - id: klager_modtaget\n", encoding="utf-8")
    monkeypatch.setattr(make_indicators, "PROJECT", tmp_path / "dbt_project")
    with pytest.raises(SystemExit, match=r"Nothing is written\. .*: klagesager\.yaml, klager_modtaget"):
        make_indicators.files()


def test_rules_in_models_stand_in_them(rules: list[tuple[str, Rule | RuleInModel]]) -> None:
    """The model names the indicator, or a model or macro that it reads does."""
    files = {file.stem: file.read_text(encoding="utf-8") for file in PROJECT.joinpath("models").rglob("*.sql")}
    for indicator_id, rule in rules:
        if isinstance(rule, RuleInModel):
            text = files[rule.model]
            read = "".join(files.get(name, "") for name in re.findall(r"ref\('(\w+)'\)", text))
            assert f"'{indicator_id}'" in text + read, (indicator_id, rule.model)


def test_every_measuring_model_is_declared(rules: list[tuple[str, Rule | RuleInModel]]) -> None:
    """What no declaration names, no figure is made of."""
    models = {file.stem for file in PROJECT.joinpath("models").rglob("*.sql") if file.stem.startswith(MEASURING)}
    named = {rule.model if isinstance(rule, RuleInModel) else contribution_model(rule.fact) for _, rule in rules}
    assert models == {name for name in named if name.startswith(MEASURING)}


def test_every_declared_rule_has_unit_test(rules: list[tuple[str, Rule | RuleInModel]]) -> None:
    folder = PROJECT / "models" / "star" / "indicators"
    for indicator_id, rule in rules:
        if isinstance(rule, Rule):
            beside = (folder / f"{contribution_model(rule.fact)}.yml").read_text(encoding="utf-8")
            named = re.findall(r"only_indicators: \[([^\]]+)\]", beside)
            assert indicator_id in ", ".join(named).split(", "), indicator_id
