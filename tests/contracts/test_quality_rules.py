"""A quality rule of a contract is measured as it is written, or said not to be measured."""

from pathlib import Path

import pytest
import yaml

from kvalitet.contracts import load_contracts, read_contract
from kvalitet.gate.deliveries import delivery_suite
from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KEY = ["case_number"]


def rule_of(tmp_path: Path, rule: dict, column: int | None = None):
    """The contract's only rule, on the first table or on one of its columns."""
    document = yaml.safe_load((ROOT / "expectations/contracts/bif_complaints.odcs.yaml").read_text())
    table = document["schema"][0]
    for place in (*document["schema"], *table["properties"], *document["schema"][1]["properties"]):
        place.pop("quality", None)
    (table if column is None else table["properties"][column])["quality"] = [rule]
    file = tmp_path / "bif_complaints.odcs.yaml"
    file.write_text(yaml.safe_dump(document))
    contract = read_contract(file)
    assert contract.problems == ()
    (found,) = contract.quality
    return contract, found


@pytest.mark.parametrize(
    ("rule", "measured_as"),
    [
        ({"metric": "rowCount", "mustBeGreaterThan": 0}, "row_count"),
        ({"metric": "rowCount", "mustBeGreaterOrEqualTo": 7, "unit": "rows"}, "row_count"),
        ({"rule": "rowCount", "mustBeGreaterThan": 0}, "row_count"),
        ({"metric": "duplicateValues", "mustBe": 0}, "duplicate_key"),
        ({"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": KEY}}, "duplicate_key"),
        ({"metric": "duplicateValues", "mustBeLessThan": 1, "unit": "percent"}, "duplicate_key"),
    ],
)
def test_rule_of_a_table_that_the_gate_measures_becomes_a_check(tmp_path, rule, measured_as):
    contract, found = rule_of(tmp_path, {"type": "library", **rule})
    assert (found.measured_as, found.not_measured_because) == (measured_as, "")
    suffix = {"row_count": "row_count", "duplicate_key": "complaints_duplicate_values"}[measured_as]
    assert f"delivery_bif_complaints_{suffix}" in {check.id for check in delivery_suite(contract).checks}


@pytest.mark.parametrize(
    "rule",
    [
        {"metric": "rowCount", "mustBeGreaterThan": None},
        {"metric": "rowCount", "mustBe": 100},
        {"metric": "rowCount", "mustBeBetween": [1, 10]},
        {"metric": "rowCount", "mustBeGreaterThan": 0, "mustBeLessThan": 9},
        {"metric": "rowCount", "mustBeGreaterThan": 10, "unit": "percent"},
        {"metric": "rowCount", "mustBeGreaterThan": 0.5},
        {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["title"]}},
        {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": KEY, "ignoreCase": True}},
        {"metric": "duplicateValues", "mustBeLessThan": 5},
        {"metric": "duplicateValues"},
        {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": 5}},
        {"metric": "duplicateValues", "mustBeLessThan": 150, "unit": "percent"},
        {"metric": "duplicateValues", "mustBeLessThan": -1, "unit": "percent"},
        {"metric": "nullValues", "mustBe": 0},
        {"metric": "freshness", "mustBeLessThan": 3},
        {"type": "sql", "query": "select count(*) from t", "mustBe": 0},
        {"type": "custom", "engine": "soda", "implementation": "checks: []"},
        {"type": "text", "description": "Looks right."},
        {"type": "sql", "metric": "rowCount", "mustBeGreaterThan": 0, "query": "select 1"},
    ],
)
def test_rule_of_a_table_that_is_not_measured_says_why_and_becomes_no_check(tmp_path, rule):
    contract, found = rule_of(tmp_path, {"type": "library", **rule})
    assert found.measured_as is None
    assert found.not_measured_because
    assert not [
        check.id for check in delivery_suite(contract).checks if check.id.endswith(("row_count", "duplicate_values"))
    ]


@pytest.mark.parametrize(
    ("rule", "measured_as"),
    [
        ({"metric": "invalidValues", "arguments": {"validValues": ["a", 1]}, "mustBe": 0}, "valid_values"),
        ({"metric": "nullValues", "mustBe": 0}, "required"),
        (
            {"metric": "invalidValues", "arguments": {"validValues": ["a"]}, "mustBeLessThan": 5, "unit": "percent"},
            None,
        ),
        ({"metric": "invalidValues", "arguments": {"pattern": "^a$"}, "mustBe": 0}, None),
        ({"metric": "invalidValues", "arguments": {"validValues": []}, "mustBe": 0}, None),
        ({"metric": "invalidValues", "arguments": {"validValues": [None]}, "mustBe": 0}, None),
        ({"metric": "invalidValues", "mustBe": 0}, None),
        ({"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent"}, None),
        ({"metric": "missingValues", "arguments": {"missingValues": ["-"]}, "mustBe": 0}, None),
        ({"metric": "duplicateValues", "mustBe": 0}, None),
        ({"type": "sql", "query": "select 0", "mustBe": 0}, None),
    ],
)
def test_rule_of_a_required_column_is_held_row_by_row_or_said_not_to_be_measured(tmp_path, rule, measured_as):
    contract, found = rule_of(tmp_path, {"type": "library", **rule}, column=0)
    assert found.place == "complaints.case_number"
    assert found.measured_as == measured_as
    assert bool(found.not_measured_because) == (measured_as is None)
    has_check = "delivery_bif_complaints_invalid_values" in {check.id for check in delivery_suite(contract).checks}
    assert has_check == (measured_as == "valid_values")


def test_every_rule_of_the_contracts_kept_here_is_measured():
    rules = [
        rule for contract in load_contracts(Settings(ROOT, ROOT, "", "", "")).values() for rule in contract.quality
    ]
    assert len(rules) > 100
    assert [rule.place for rule in rules if not rule.measured_as] == []
