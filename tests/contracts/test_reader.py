"""Any ODCS 3.x file can be read as a contract. Intake starts only with one that leaves nothing to guess."""

import copy
from pathlib import Path

import pytest
import yaml

from kvalitet.contracts import load_contracts, read_contract
from kvalitet.contracts.patterns import is_supported_pattern, to_shape, to_strptime
from kvalitet.contracts.properties import Properties, read_properties
from kvalitet.contracts.reference import reference
from kvalitet.contracts.usage import PROPERTIES
from kvalitet.errors import KvalitetError

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "example" / "administration" / "contracts"

#: A contract from another organisation: valid ODCS, for another platform, with custom fields.
WRITTEN_ELSEWHERE = """
apiVersion: v3.0.2
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
name: seller payments
version: 1.1.0
status: active
domain: seller
dataProduct: payments
price: {priceAmount: 9.95, priceCurrency: USD}
servers:
  - {server: lake, type: postgres, host: db.example.invalid, port: 5432, database: pay, schema: public}
schema:
  - name: tbl
    logicalType: object
    properties:
      - {name: txn_ref_dt, logicalType: date, physicalType: date, partitioned: true}
      - {name: rcvr_id, logicalType: string, classification: restricted, primaryKey: true}
slaProperties:
  - {property: latency, value: 4, unit: d}
"""


def contract_of(tmp_path: Path, text: str):
    file = tmp_path / "some.odcs.yaml"
    file.write_text(text)
    return read_contract(file)


def ours(change) -> str:
    document = yaml.safe_load((CONTRACTS / "bif_complaints.odcs.yaml").read_text())
    change(document)
    return yaml.safe_dump(document, allow_unicode=True)


@pytest.mark.parametrize("file", sorted(CONTRACTS.glob("*.odcs.yaml")), ids=lambda f: f.name)
def test_our_contracts_have_no_problems(file):
    contract = read_contract(file)
    assert contract.problems == ()
    assert all(column.description for table in contract.tables.values() for column in table.columns)
    assert contract.owner and contract.support and contract.schedule and contract.latency_days is not None


def test_foreign_contract_lists_problems(tmp_path):
    contract = contract_of(tmp_path, WRITTEN_ELSEWHERE)
    assert contract.title == "seller payments"
    assert "price.priceAmount" in contract.unused
    assert "servers[].host" in contract.unused
    missing = "\n".join(contract.problems)
    for expected in (
        "id: must be lower-case letters",
        "servers: one of type local",
        "schema tbl.txn_ref_dt: classification must be one of",
        "schema tbl.txn_ref_dt: logicalTypeOptions.format must be a date pattern",
        "schema tbl.rcvr_id: classification must be one of",
        "schema tbl: customProperties.absent must be closed or kept",
        "slaProperties: frequency needs a schedule that is a cron line",
        "team: a member with role owner is missing",
    ):
        assert expected in missing


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d["schema"][0]["properties"][3].pop("classification"), "registered_at: classification must be"),
        (lambda d: d["servers"][0].update(encoding="utf-16"), "servers: encoding must be one of"),
        (lambda d: d["servers"][0].update(path="/etc"), "servers: path must be a folder below the inbox"),
        (lambda d: d["servers"][0].update(path="a/../../b"), "servers: path must be a folder below the inbox"),
        (lambda d: d["servers"][0].update(path="."), "servers: path must be a folder below the inbox"),
        (lambda d: d["servers"][0].update(path="./klager"), "servers: path must be a folder below the inbox"),
        (lambda d: d["servers"][0].update(path="klager/"), "servers: path must be a folder below the inbox"),
        (lambda d: d["servers"][0].update(path="a\\..\\b"), "servers: path must be a folder below the inbox"),
        (lambda d: d["schema"][0].update(physicalName="klager.csv"), "physicalName must be a file name with {cutoff}"),
        (lambda d: d["schema"][0].update(name="x; drop"), "name must be lower-case letters"),
        (lambda d: d.pop("slaProperties"), "slaProperties: frequency"),
    ],
)
def test_ambiguous_contract_is_refused(tmp_path, change, problem):
    assert problem in "\n".join(contract_of(tmp_path, ours(change)).problems)


WHISTLEBLOWER = yaml.safe_load((CONTRACTS / "whistleblower_statistics.odcs.yaml").read_text())


@pytest.mark.parametrize(
    "asked_for",
    [
        {"name": "case_number", "logicalType": "string", "classification": "whistleblower"},
        {"name": "case_id", "logicalType": "integer", "primaryKey": True, "classification": "whistleblower"},
        {"name": "reported_date", "logicalType": "date", "classification": "whistleblower"},
        {"name": "centre_id", "logicalType": "string", "classification": "internal"},
        {"name": "report_text", "logicalType": "string", "classification": "sensitive"},
    ],
    ids=lambda column: column["name"],
)
def test_whistleblower_may_hold_counts_only(tmp_path, asked_for):
    document = copy.deepcopy(WHISTLEBLOWER)
    column = {"description": "Asked for.", "logicalTypeOptions": {"format": "dd-MM-yyyy"}, **asked_for}
    if column["logicalType"] != "date":
        del column["logicalTypeOptions"]
    document["schema"][0]["properties"].append(column)
    assert contract_of(tmp_path, yaml.safe_dump(document)).problems == (
        f"schema statistics.{column['name']}: a whistleblower contract may hold period, category and count only",
    )


def test_whistleblower_reports_are_refused(tmp_path):
    document = copy.deepcopy(WHISTLEBLOWER)
    reports = copy.deepcopy(document["schema"][0])
    reports.update(name="reports", physicalName="indberetninger_{cutoff}.csv")
    number = {"name": "report_number", "logicalType": "string", "classification": "internal", "primaryKey": True}
    reports["properties"] = [number | {"description": "The single report."}]
    document["schema"].append(reports)
    problems = contract_of(tmp_path, yaml.safe_dump(document)).problems
    assert any(problem.startswith("schema reports.report_number: a whistleblower contract") for problem in problems)


@pytest.mark.parametrize("text", ["a: [", "just text", "kind: DataContract\napiVersion: v2.2.2", "kind: Something"])
def test_no_contract_is_refused_by_name(tmp_path, text):
    with pytest.raises(KvalitetError, match=r"some\.odcs\.yaml"):
        contract_of(tmp_path, text)


def test_broken_contract_stops_no_other(settings, tmp_path, monkeypatch):
    for file in settings.contracts_dir.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "aaa.odcs.yaml").write_text("a: [")
    monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path))
    contracts = load_contracts(settings)
    assert len(contracts["aaa"].problems) == 1
    assert contracts["bif_complaints"].problems == ()


@pytest.mark.parametrize(
    ("pattern", "strptime", "shape"),
    [
        ("dd-MM-yyyy", "%d-%m-%Y", "__-__-____"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S", "____-__-__T__:__:__"),
        ("MM/dd/yyyy hh:mm:ss a", "%m/%d/%Y %I:%M:%S %p", "__/__/____ __:__:__ __"),
    ],
)
def test_date_patterns_of_standard_are_read(pattern, strptime, shape):
    assert (is_supported_pattern(pattern), to_strptime(pattern), to_shape(pattern)) == (True, strptime, shape)


@pytest.mark.parametrize("pattern", [None, "", "dd-MM-yy", "d-M-yyyy", "yyyy-MM-dd Z", "YYYY-MM-dd", "HH:mm"])
def test_ambiguous_date_pattern_is_refused(pattern):
    assert not is_supported_pattern(pattern)


def test_documentation_says_what_to_do():
    page = read_contract(CONTRACTS / "bif_complaints.odcs.yaml").doc_md()
    for expected in ("Owner", "15 1 * * *", "| Sagsnummer | case_number |", "(not landed)", "When it fails"):
        assert expected in page


def test_role_is_read_and_unknown_one_named(tmp_path):
    def change(document):
        complaints, points = document["schema"]
        points["customProperties"].append({"property": "role", "value": "classification"})
        complaints["properties"][0]["customProperties"].append({"property": "role", "value": "boss"})

    contract = contract_of(tmp_path, ours(change))
    assert contract.tables["complaint_points"].role == "classification"
    themes = {column.name: column.role for column in contract.tables["complaints"].columns}
    assert (themes["theme_id"], themes["outcome_id"]) == ("classification", None)
    assert contract.problems == ("schema complaints.case_number: customProperties.role must be one of classification",)
    assert not [path for path in contract.unused if "role" in path]


def test_contract_reference_matches_code() -> None:
    """`python -m kvalitet.contracts.reference > docs/contract-reference.md` writes it again."""
    assert (ROOT / "docs" / "contract-reference.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("kind", PROPERTIES.values())
def test_every_property_example_is_read(kind: type[Properties]) -> None:
    for field in kind.model_fields.values():
        assert field.alias and field.description and field.examples, field.alias
        problems: list[str] = []
        read_properties(kind, {field.alias: field.examples[0]}, "", problems)
        assert problems == []
