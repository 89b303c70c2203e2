"""The delivery contracts are valid by the standard and complete by our own rules."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from kvalitet.contracts import read_contract

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "example" / "administration" / "contracts").glob("*.odcs.yaml"))

with (FILES[0].parents[1] / "register" / "seed_delivery.csv").open(encoding="utf-8") as file:
    DELIVERIES = {row["contract_id"] for row in csv.DictReader(file)}

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])


def read(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_contract_is_valid_by_the_standard(file: Path) -> None:
    document = read(file)
    OpenDataContractStandard(**document)
    schema = json.loads(OpenDataContractStandard.json_schema())
    errors = [f"{list(e.path)}: {e.message}" for e in Draft201909Validator(schema).iter_errors(document)]
    assert not errors
    assert document["apiVersion"] == "v3.1.0"


def test_contract_has_all_that_intake_needs(file: Path) -> None:
    contract = read_contract(file)
    assert contract.problems == ()
    assert contract.id in DELIVERIES and file.name == f"{contract.id}.odcs.yaml"
    assert contract.schedule and contract.latest_arrival == "05:00" and contract.latency_days
    assert contract.owner and contract.support
    assert contract.tier in {"tier-1", "tier-2"}


def test_columns_are_described_in_both_languages(file: Path) -> None:
    for table in read(file)["schema"]:
        assert {"absent"} <= {item["property"] for item in table["customProperties"]}
        metrics = {rule["metric"] for rule in table["quality"] if rule.get("type") != "sql"}
        assert metrics == {"rowCount", "duplicateValues"}
        assert all(rule["severity"] in {"error", "warning"} for rule in table["quality"])
        for column in table["properties"]:
            english, _, danish = column["description"].partition(" Da: ")
            assert column["classification"] and len(english) > 10 and len(danish) > 10, column["name"]


def test_no_person_or_free_text_lands_in_clear(file: Path) -> None:
    columns = [column for table in read_contract(file).tables.values() for column in table.columns]
    assert all(column.format == "cpr" for column in columns if column.classification == "personal")
    assert not [column.name for column in columns if column.classification == "sensitive" and column.is_landed]


def test_contacts_are_marked_as_fictional(file: Path) -> None:
    document = read(file)
    names = [document["team"]["name"], *(support["channel"] for support in document["support"])]
    assert all(name.endswith("(fiktiv)") for name in names)


#: Columns that say to which class a row belongs, wherever they are not part of the key.
CLASSES = {"complaint_type", "theme_id", "law_id", "centre_id", "kle_number", "risk_area_id", "severity"}


def test_classification_columns_are_marked(file: Path) -> None:
    for table in read_contract(file).tables.values():
        unmarked = [
            column.name
            for column in table.columns
            if column.name in CLASSES
            and column.name not in table.key
            and "classification" not in (column.role, table.role)
        ]
        assert not unmarked, f"{table.name}: customProperties: [{{property: role, value: classification}}]"
