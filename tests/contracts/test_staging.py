"""A contract gives the names and widths that its columns have from staging on."""

from pathlib import Path

import pytest
import yaml

from kvalitet.contracts import Contract, read_contract
from kvalitet.contracts.staging import (
    areas_macro,
    columns_macro,
    not_delivered,
    shapes_macro,
    sources_yaml,
    staged_columns,
    staged_types,
)
from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAMED = {"property": "starName", "value": "calendar_year"}


def contract_of(tmp_path: Path, *changes: dict) -> Contract:
    """The contract of court cases. Each change is applied to the column that it names, or adds that column."""
    document = yaml.safe_load(
        (ROOT / "example/administration/contracts/court_cases.odcs.yaml").read_text(encoding="utf-8")
    )
    properties = document["schema"][0]["properties"] = document["schema"][0]["properties"][:2]
    for change in changes:
        found = [column for column in properties if column["name"] == change["name"]]
        if not found:
            found = [{"logicalType": "integer", "classification": "internal", "description": "Made for the test."}]
            properties += found
        found[0].update(change)
    file = tmp_path / "court_cases.odcs.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return read_contract(file)


LANDED = {"customProperties": [{"property": "landedBecause", "value": "A reason."}]}
YEAR = {
    "name": "year",
    "logicalTypeOptions": {"format": "i32", "minimum": 2000, "maximum": 2100},
    "customProperties": [NAMED],
}


def test_columns_are_renamed_and_narrowed(tmp_path: Path) -> None:
    markers = {"property": "missingValues", "value": [{"value": "-", "reason": "suppressed"}]}
    contract = contract_of(
        tmp_path,
        YEAR,
        {"name": "persons", "logicalTypeOptions": {"format": "i64"}},
        {"name": "cases", "customProperties": [{"property": "starName", "value": "court_cases"}, markers]},
        {"name": "parties", "logicalType": "string", "classification": "sensitive", **LANDED},
    )
    assert contract.problems == ()
    columns = {
        "external_case_number": ("case_number", "text"),
        "court_level": ("court_level", "text"),
        "calendar_year": ("cast(year as integer)", "integer"),
        "persons": ("persons", "bigint"),
        "court_cases": ("cases", "bigint"),
        "court_cases_missing_reason": ("cases_missing_reason", "text"),
    }
    table = contract.tables["cases"]
    assert staged_columns(table) == {name: value for name, (value, _) in columns.items()}
    assert staged_types(table) == {name: kind for name, (_, kind) in columns.items()}


def test_narrow_column_keeps_its_name(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {**YEAR, "customProperties": []})
    assert staged_columns(contract.tables["cases"])["year"] == "cast(year as integer)"


def test_dbt_sources_list_tables_and_columns(tmp_path: Path) -> None:
    contract = contract_of(tmp_path)
    assert yaml.safe_load(sources_yaml([contract]))["sources"] == [
        {
            "name": "court_cases",
            "description": "Accepted rows of the source's deliveries, with their history. See its contract.",
            "schema": "raw",
            "tables": [{"name": "cases", "identifier": "court_cases__cases"}],
        }
    ]
    assert (
        "        'court_cases__cases': {\n"
        "            'external_case_number': 'case_number',\n"
        "            'court_level': 'court_level',\n"
        "        },\n"
    ) in columns_macro([contract])
    assert (
        "        'court_cases__cases': {\n"
        "            'external_case_number': 'text',\n"
        "            'court_level': 'text',\n"
        "        },\n"
    ) in shapes_macro([contract])


def test_undelivered_columns_are_named(tmp_path: Path) -> None:
    settings = Settings(ROOT, ROOT, "", "", "")
    told = not_delivered(settings, contract_of(tmp_path))
    assert told == [f"cases.{name}" for name in (
        "brought_date", "concluded_date", "outcome_id", "law_id", "centre_id", "own_case_number"
    )]  # fmt: skip
    assert not_delivered(settings, read_contract(settings.contracts_dir / "court_cases.odcs.yaml")) == []


def test_own_models_add_to_named_fact() -> None:
    macro = areas_macro(["int_follow_up__tilsyn", "stg_tilsyn__sager", "int_follow_up__borgere", "int_own"])
    assert "        'follow_up': ['borgere', 'tilsyn'],\n" in macro


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"customProperties": [{"property": "starName", "value": "Calendar year"}]}, "starName must be lower-case"),
        ({"customProperties": [{"property": "starName", "value": "court_level"}]}, "court_level is there twice"),
        ({"customProperties": [{"property": "starName", "value": "xmin"}]}, "the name is reserved"),
        (
            {"logicalType": "string", "logicalTypeOptions": {"format": "cpr"}, "classification": "personal"},
            "starName is not for persons",
        ),
        ({"logicalTypeOptions": {"format": "i32", "minimum": 0}}, "format i32 needs minimum and maximum"),
        ({"logicalTypeOptions": {"format": "i32", "maximum": 9}}, "format i32 needs minimum and maximum"),
        ({"logicalTypeOptions": {"format": "i32", "minimum": 0, "maximum": 2**31}}, "format i32 needs"),
    ],
)
def test_impossible_name_or_width_is_named(tmp_path: Path, change: dict, problem: str) -> None:
    (said,) = contract_of(tmp_path, {**YEAR, **change}).problems
    assert problem in said
