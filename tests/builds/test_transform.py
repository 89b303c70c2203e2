"""dbt's failures are reported by their place, and never with a value."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kvalitet.build.builds import Build
from kvalitet.build.transform import _what_contracts_lack, _without_values, dbt_variables
from kvalitet.settings import Settings


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            'Database Error in model fct_complaint\n  invalid input syntax for type bigint: "0101901234"',
            "Database Error in model fct_complaint invalid input syntax for type bigint: (value)",
        ),
        (
            "duplicate key value violates unique constraint\n  DETAIL:  Key (case_number)=(2023-17309) already exists.",
            "duplicate key value violates unique constraint (value)",
        ),
        (None, ""),
    ],
)
def test_database_errors_keep_no_values(message, kept):
    assert _without_values(message) == kept


def test_failure_says_what_contracts_lack(settings: Settings, tmp_path: Path) -> None:
    assert _what_contracts_lack(settings) == ""  # the example's contracts name everything
    contracts = settings.administration.contracts
    own = replace(settings, root=tmp_path)
    shutil.copytree(settings.dbt_dir / "macros", own.dbt_dir / "macros")
    own.administration.contracts.mkdir(parents=True)
    contract = yaml.safe_load((contracts / "court_cases.odcs.yaml").read_text(encoding="utf-8"))
    (table,) = contract["schema"]
    table["properties"] = [one for one in table["properties"] if one["name"] != "law_id"]
    (own.administration.contracts / "court_cases.odcs.yaml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    assert "read it as null: court_cases: cases.law_id." in _what_contracts_lack(own)


def test_models_get_loads_and_day_not_a_clock(tmp_path: Path) -> None:
    from datetime import date

    build = Build(7, "night", "candidate", "night", date(2025, 1, 3), "building", None, {"b": 2, "a": 1}, {"b": "old"})
    (folder := tmp_path / "example" / "administration").mkdir(parents=True)
    (folder / "administration.yaml").write_text("policy: {own_authority: Køge Kommune, suppression_threshold: 5}")
    assert dbt_variables(Settings(tmp_path, tmp_path, "", "", ""), build) == {
        "own_authority": "Køge Kommune",
        "suppression_threshold": 5,
        "build_id": 7,
        "as_of_date": "2025-01-03",
        "loads": {"b": 2, "a": 1},
        "stale": ["b"],
        "acceptances": 0,
    }
