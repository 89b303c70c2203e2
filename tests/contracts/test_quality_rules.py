"""A quality rule of a contract is measured as it is written, or reported as not measured."""

from pathlib import Path

import pytest
import yaml

from kvalitet.contracts import load_contracts, read_contract
from kvalitet.gate.deliveries import delivery_suite
from kvalitet.gate.loading import load_defaults
from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = load_defaults(Settings.from_environment(ROOT))
KEY = ["case_number"]
SETS_ASIDE = [{"property": "setsAside", "value": True}]


def columns_of_complaints() -> list[dict]:
    document = yaml.safe_load((ROOT / "example/administration/contracts/bif_complaints.odcs.yaml").read_text())
    return document["schema"][0]["properties"]


def rule_of(tmp_path: Path, rule: dict, column: int | None = None):
    """The contract's only rule, on the first table or on one of its columns."""
    document = yaml.safe_load((ROOT / "example/administration/contracts/bif_complaints.odcs.yaml").read_text())
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
    ("limit", "closed"),
    [
        ({"mustBe": 0}, True),
        ({"mustBeLessOrEqualTo": 1, "unit": "percent"}, False),
        ({"mustBeLessOrEqualTo": 1, "unit": "percent", "customProperties": SETS_ASIDE}, True),
    ],
)
def test_zero_limit_sets_invalid_values_aside(tmp_path: Path, limit, closed):
    """A rule that tolerates some such values does not set their rows aside unless it says so. It only counts them."""
    place = next(n for n, column in enumerate(columns_of_complaints()) if column["name"] == "outcome_id")
    rule = {"metric": "invalidValues", "arguments": {"validValues": ["medhold", "afvist"]}, **limit}
    contract, found = rule_of(tmp_path, rule, place)
    column = next(one for one in contract.tables["complaints"].columns if one.name == "outcome_id")
    assert column.valid_values == (("medhold", "afvist") if closed else ())
    assert found.is_measured and str(found.limit) == ("ingen" if "mustBe" in limit else "højst 1 %")


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"customProperties": [{"property": "setsAside", "value": "true"}]}, "its setsAside is neither true nor false"),
        ({"arguments": {"pattern": "^[a-z]+$"}}, "setsAside is of a column's invalidValues with validValues"),
        ({"metric": "nullValues", "arguments": {}}, "setsAside is of a column's invalidValues with validValues"),
    ],
)
def test_useless_set_aside_is_not_measured(tmp_path: Path, change, because):
    place = next(n for n, column in enumerate(columns_of_complaints()) if column["name"] == "outcome_id")
    rule = {
        "metric": "invalidValues", "arguments": {"validValues": ["medhold"]}, "mustBeLessThan": 2,
        "customProperties": SETS_ASIDE,
    }  # fmt: skip
    _, found = rule_of(tmp_path, rule | change, place)
    assert found.not_measured_because.startswith(because)


def test_limits_are_within_max_rejected():
    """Intake refuses a delivery above that share anyway, so a rule with a higher limit would never fail."""
    for contract in load_contracts(Settings.from_environment(ROOT)).values():
        for rule in contract.quality:
            if rule.name == "invalidValues" and rule.limit and rule.limit.is_percent:
                ((operator, (most,)),) = rule.limit.bounds
                assert (operator, rule.severity) == ("mustBeLessOrEqualTo", "critical"), rule.id
                assert most <= contract.max_rejected_percent, rule.id


@pytest.mark.parametrize(
    ("rule", "measured_as"),
    [
        ({"metric": "rowCount", "mustBeGreaterThan": 0}, "number of rows must be above 0"),
        ({"rule": "rowCount", "mustBeGreaterOrEqualTo": 7, "unit": "rows"}, "number of rows must be at least 7"),
        ({"metric": "rowCount", "mustBeBetween": [1, 10]}, "number of rows must be above 1 and below 10"),
        (
            {"metric": "rowCount", "mustBeGreaterThan": 0, "mustBeLessThan": 9},
            "number of rows must be above 0 and must be below 9",
        ),
        (
            {"metric": "duplicateValues", "mustBe": 0},
            "rows that share their case_number with another row must be 0",
        ),
        (
            {"metric": "duplicateValues", "mustBeLessThan": 1.5, "unit": "percent", "arguments": {"properties": KEY}},
            "rows that share their case_number with another row, of all rows, must be below 1.5 %",
        ),
        (
            {"metric": "duplicateValues", "mustNotBe": 3, "arguments": {"properties": ["centre_id", "theme_id"]}},
            "rows that share their centre_id, theme_id with another row must not be 3",
        ),
        (
            {"metric": "nullValues", "mustBeLessOrEqualTo": 5, "arguments": {"properties": ["law_id", "theme_id"]}},
            "rows without law_id, theme_id must be at most 5",
        ),
        (
            {"type": "sql", "query": "select count(*) from {object} where law_id is null", "mustBeLessThan": 3},
            "what the query gives must be below 3",
        ),
        (
            {"type": "sql", "query": "select min(answered_at) > max(received_at) from ${table}", "mustBe": True},
            "what the query gives must be 1",
        ),
    ],
)
def test_table_rule_is_measured_as_stated(tmp_path, rule, measured_as):
    contract, found = rule_of(tmp_path, {"type": "library", **rule})
    assert (found.measured_as, found.not_measured_because) == (measured_as, "")
    assert f"delivery_bif_complaints_{found.id}" in {check.id for check in delivery_suite(contract, DEFAULTS).checks}


@pytest.mark.parametrize(
    ("rule", "because"),
    [
        ({"metric": "rowCount", "mustBeGreaterThan": None}, "no number to compare"),
        ({"metric": "rowCount", "mustBeGreaterThan": 10, "unit": "percent"}, "no percentage"),
        ({"metric": "rowCount", "mustBe": "many"}, "mustBe is no number"),
        ({"metric": "rowCount", "mustBe": True}, "mustBe is no number"),
        ({"metric": "rowCount", "mustBe": float("nan")}, "mustBe is no number"),
        ({"metric": "rowCount", "mustBe": 1, "arguments": {"properties": KEY}}, "of a table"),
        (
            {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": KEY, "ignoreCase": True}},
            "ignoreCase",
        ),
        ({"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["no_such"]}}, "does not have"),
        ({"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": 5}}, "must name the columns"),
        ({"metric": "duplicateValues", "mustBe": 0, "unit": "cases"}, "neither rows nor percent"),
        ({"metric": "nullValues", "mustBe": 0}, "must name the columns"),
        ({"metric": "freshness", "mustBeLessThan": 3}, "freshness is not measured"),
        ({"type": "sql", "query": "select count(*) from {table}", "mustBe": 0, "unit": "percent"}, "no unit"),
        ({"type": "sql", "query": "select count(*) from {table}"}, "no number to compare"),
        ({"type": "sql", "mustBe": 0}, "not one select"),
        ({"type": "custom", "engine": "soda", "implementation": "checks: []"}, "type custom"),
        ({"type": "text", "description": "Looks right."}, "type text"),
    ],
)
def test_unmeasured_table_rule_says_why(tmp_path, rule, because):
    contract, found = rule_of(tmp_path, {"type": "library", **rule})
    assert because in found.not_measured_because
    assert found.measured_as == ""
    assert not [check.id for check in delivery_suite(contract, DEFAULTS).checks if check.id.endswith(found.id)]


COMPLAINT_TYPE, CITIZEN, RECEIVED_AT, DESCRIPTION = 8, 1, 2, 18


@pytest.mark.parametrize(
    ("column", "rule", "measured"),
    [
        (0, {"metric": "invalidValues", "arguments": {"validValues": ["a", "b"]}, "mustBe": 0}, True),
        (8, {"metric": "invalidValues", "arguments": {"validValues": ["a"]}, "mustBeLessThan": 5}, True),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^[a-z_]{3,20}$"}, "mustBe": 0}, True),
        (0, {"metric": "invalidValues", "arguments": {"pattern": "^\\d{4}-(\\d{5}|x)$"}, "mustBe": 0}, True),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "[a-z]"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^a|b$"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^\\w+$"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^(?i)a$"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^a++$"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"pattern": "^a{256}$"}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"validValues": []}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "arguments": {"validValues": [None]}, "mustBe": 0}, False),
        (8, {"metric": "invalidValues", "mustBe": 0}, False),
        (CITIZEN, {"metric": "invalidValues", "arguments": {"validValues": ["0101011234"]}, "mustBe": 0}, False),
        (CITIZEN, {"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent"}, True),
        (CITIZEN, {"metric": "duplicateValues", "mustBeLessThan": 5000}, True),
        (RECEIVED_AT, {"metric": "invalidValues", "arguments": {"validValues": ["2025-01-01"]}, "mustBe": 0}, False),
        (RECEIVED_AT, {"metric": "missingValues", "mustBe": 0}, True),
        (DESCRIPTION, {"metric": "nullValues", "mustBe": 0}, False),
        (13, {"metric": "missingValues", "arguments": {"missingValues": [None, "", "N/A"]}, "mustBe": 0}, True),
        (13, {"metric": "missingValues", "arguments": {"missingValues": ["ukendt"]}, "mustBe": 0}, True),
        # N/A is read as empty, and the rule does not list empty as missing.
        (13, {"metric": "missingValues", "arguments": {"missingValues": ["N/A"]}, "mustBe": 0}, False),
        (13, {"metric": "missingValues", "arguments": {"missingValues": []}, "mustBe": 0}, False),
        (0, {"metric": "duplicateValues", "mustBe": 0}, True),
        (0, {"metric": "rowCount", "mustBe": 0}, False),
        (0, {"type": "sql", "query": "select count(*) from {object} where {property} is null", "mustBe": 0}, True),
    ],
)
def test_column_rule_is_measured_or_says_why(tmp_path, column, rule, measured):
    contract, found = rule_of(tmp_path, {"type": "library", **rule}, column=column)
    assert found.place == f"complaints.{contract.tables['complaints'].columns[column].name}"
    assert (found.is_measured, bool(found.measured_as)) == (measured, measured), found.not_measured_because


def test_non_text_valid_values_stop_source(tmp_path):
    """YAML reads `yes` as true and 01 as 1. Intake would then set aside every row with the value that was meant."""
    document = yaml.safe_load((ROOT / "example/administration/contracts/bif_complaints.odcs.yaml").read_text())
    document["schema"][0]["properties"][8]["quality"] = [
        {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [True, 1, "ja"]}}
    ]
    file = tmp_path / "bif_complaints.odcs.yaml"
    file.write_text(yaml.safe_dump(document))
    (problem,) = read_contract(file).problems
    assert (
        "schema complaints.complaint_type: quality: validValues has values that YAML does not read as texts" in problem
    )


def test_rules_of_one_kind_get_own_ids(tmp_path):
    document = yaml.safe_load((ROOT / "example/administration/contracts/bif_complaints.odcs.yaml").read_text())
    twice = {"metric": "rowCount", "mustBeGreaterThan": 0}
    document["schema"][0]["quality"] = [twice, twice, {**twice, "id": "Not empty!"}, {**twice, "name": "set aside"}]
    file = tmp_path / "bif_complaints.odcs.yaml"
    file.write_text(yaml.safe_dump(document))
    ids = [rule.id for rule in read_contract(file).quality if rule.place == "complaints"]
    assert ids == [
        "complaints_row_count", "complaints_row_count_2", "complaints_not_empty", "complaints_set_aside",
    ]  # fmt: skip


def test_our_rules_are_all_measured():
    rules = [
        rule for contract in load_contracts(Settings(ROOT, ROOT, "", "", "")).values() for rule in contract.quality
    ]
    assert len(rules) > 100
    assert [rule.place for rule in rules if not rule.is_measured] == []
