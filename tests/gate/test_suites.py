"""The project's own suite files are readable and complete. Wrong ones are refused, with what to write."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kvalitet.gate import SuiteInvalid, load_suites
from kvalitet.gate.deliveries import all_suites
from kvalitet.settings import Settings

ROOT = Path(__file__).parents[2]
OWN = Settings.from_environment(ROOT)

CHECK = {
    "id": "t_a_not_null",
    "must_hold": "a er altid udfyldt.",
    "expectation": {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}},
    "threshold": {"violations": 0},
    "why": "Fordi loven siger det.",
    "severity": "critical",
    "advice_engineer": "Se modellen efter.",
    "advice_reader": "Tallene er ikke offentliggjort.",
}


def checkout(folder: Path) -> Settings:
    (folder / "expectations" / "suites").mkdir(parents=True, exist_ok=True)
    return replace(OWN, root=folder)


def write(folder: Path, check: dict, name: str = "t", table: str = "t") -> Settings:
    """A checkout with this suite."""
    settings, suite = checkout(folder), {"table": table, "owner": "Holdet", "checks": [check]}
    text = yaml.safe_dump(suite, allow_unicode=True)
    (settings.suites_dir / f"{name}.yaml").write_text(text, encoding="utf-8")
    return settings


def test_our_suites_check_every_key() -> None:
    suites = load_suites(OWN)
    ids = [check.id for suite in suites for check in suite.checks]
    assert len(ids) == len(set(ids)) > 100
    for suite in suites:
        if suite.table.startswith(("dim_", "fct_", "bridge_")):
            assert any(check.id.endswith("_unique") for check in suite.checks), suite.table
        assert all(check.severity == "critical" for check in suite.checks if check.id.endswith("_unique")
                   and not suite.table.startswith("rpt_published"))  # fmt: skip


def test_our_suites_cover_star_and_reports() -> None:
    folders = (OWN.dbt_dir / "models", OWN.administration.models)
    models = {
        file.stem for folder in folders for layer in ("star", "reports") for file in (folder / layer).glob("*.sql")
    }
    assert models - {suite.table for suite in load_suites(OWN)} == {"publication"}, "publishing itself fills that one"


def test_check_inherits_owner_allows_none(tmp_path: Path) -> None:
    (suite,) = load_suites(write(tmp_path, {k: v for k, v in CHECK.items() if k != "threshold"}))
    assert suite.checks[0].owner == "Holdet"
    assert str(suite.checks[0].threshold) == "ingen"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"severity": "fatal"}, "t.yaml, t_a_not_null: severity: Input should be 'critical' or 'warning'"),
        ({"why": None}, "t.yaml, t_a_not_null: why"),
        ({"serverity": "critical"}, "t.yaml, t_a_not_null: serverity: is not a field of a suite"),
        ({"id": "other_a"}, "the id other_a must begin with t_"),
        ({"expectation": None}, "write either `expectation:` or `count_violations:`"),
        ({"count_violations": "select 1 as violations, 2 as denominator"}, "write either `expectation:` or"),
        ({"expectation": None, "count_violations": "select a from t"}, "the columns `violations` and `denominator`"),
        ({"expectation": None, "count_violations": "delete from t"}, "write one select"),
        ({"expectation": None, "count_violations": "select 1 violations, 1 denominator; drop table t"}, "one select"),
        ({"threshold": {"violations": 3}}, "count with `count_violations:`"),
        ({"threshold": {"violations": 3, "percent": 1}}, "write either `violations: 0` or `percent: 1`"),
        ({"not_applicable_when": {"sql": "select true"}}, "not_applicable_when.0.reason: is missing"),
    ],
)
def test_wrong_check_is_refused_by_name(tmp_path: Path, change: dict, said: str) -> None:
    with pytest.raises(SuiteInvalid) as refusal:
        load_suites(write(tmp_path, {**CHECK, **change}))
    assert said in refusal.value.what


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid, match="no suites"):
        load_suites(checkout(tmp_path))
    settings = write(tmp_path, CHECK, name="other")
    with pytest.raises(SuiteInvalid, match=r"call it t\.yaml"):
        load_suites(settings)
    (settings.suites_dir / "broken.yaml").write_text("table: [t\nowner: x")
    with pytest.raises(SuiteInvalid, match=r"broken\.yaml line 2: not readable as YAML"):
        load_suites(settings)


def test_readme_names_existing_checks() -> None:
    """Each kind of rule is shown by checks that exist. An ellipsis stands for any table or contract."""
    readme = (OWN.suites_dir / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Which kind of rule")[2].partition("\n## ")[0]
    ids = {check.id for suite in all_suites(Settings.from_environment()) for check in suite.checks}
    named = re.findall(r"`([a-z][a-z0-9_]+)`", table)
    assert len(named) > 30
    assert set(named) - ids == set()
