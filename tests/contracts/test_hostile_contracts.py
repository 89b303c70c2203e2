"""Whatever is wrong in a contract's file, the message names it, and no other source is stopped by it."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kvalitet.contracts import load_contracts, read_beside, read_contract
from kvalitet.contracts.document import MAX_BYTES
from kvalitet.errors import KvalitetError
from kvalitet.intake.extract import ready_contract
from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OURS = (ROOT / "example/administration/contracts/bif_complaints.odcs.yaml").read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A contracts' folder with one sound contract."""
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    (contracts / "bif_complaints.odcs.yaml").write_text(OURS)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
    return contracts


def load(folder: Path):
    return load_contracts(Settings(ROOT, folder.parent, "", "", ""))


def server(document, name, value):
    properties = document["servers"][0]["customProperties"]
    properties[:] = [one for one in properties if one["property"] != name] + [{"property": name, "value": value}]


def column(document, **fields):
    document["schema"][0]["properties"][5].update(fields)


def sla(document, name, **fields):
    known = {item["property"]: item for item in document["slaProperties"]}
    document["slaProperties"] = [*(known | {name: known.get(name, {"property": name}) | fields}).values()]


#: Mistakes of people and tools, and the field that the message must name.
SLOPPY = {
    "size with a unit": (lambda d: server(d, "maxBytes", "2GB"), "maxBytes"),
    "size of nothing": (lambda d: server(d, "maxBytes", None), "maxBytes"),
    "negative size": (lambda d: server(d, "maxBytes", -1), "maxBytes"),
    "percent as text": (lambda d: server(d, "maxRejectedPercent", "5 %"), "maxRejectedPercent"),
    "percent above hundred": (lambda d: server(d, "maxClosedPercent", 500), "maxClosedPercent"),
    "percent that is no number": (lambda d: server(d, "maxClosedPercent", float("nan")), "maxClosedPercent"),
    "latency in words": (lambda d: sla(d, "latency", value="soon"), "latency"),
    "latency in years of no such unit": (lambda d: sla(d, "latency", unit="fortnight"), "latency"),
    "frequency in words": (lambda d: sla(d, "frequency", value="often"), "frequency"),
    "cron of a day that never comes": (lambda d: sla(d, "frequency", schedule="0 0 30 2 *"), "frequency"),
    "cron with seconds": (lambda d: sla(d, "frequency", schedule="0 0 0 1 1 0"), "frequency"),
    "time that YAML reads as a number": (lambda d: sla(d, "timeOfAvailability", value=750), "timeOfAvailability"),
    "time of day that there is not": (lambda d: sla(d, "timeOfAvailability", value="25:00"), "timeOfAvailability"),
    "retention that is true": (lambda d: sla(d, "retention", value=True), "retention"),
    "null list of columns": (lambda d: d["schema"][1].update(properties=None), "primaryKey"),
    "null list of tables": (lambda d: d.update(schema=None), "schema"),
    "null list of servers": (lambda d: d.update(servers=None), "servers"),
    "null team": (lambda d: d.update(team=None), "team"),
    "owner of the length of a page": (lambda d: d["team"]["members"][0].update(name="x" * 3000), "team"),
    "zone that there is not": (lambda d: server(d, "timezone", "Copenhagen"), "timezone"),
    "zone that leads to a file": (lambda d: server(d, "timezone", "../../etc/passwd"), "timezone"),
    "quote of two characters": (lambda d: server(d, "quote", '""'), "quote"),
    "delimiter that is the quote": (lambda d: server(d, "delimiter", '"'), "delimiter"),
    "text for a switch": (lambda d: server(d, "requiresFinalNewline", "no"), "requiresFinalNewline"),
    "setting twice": (
        lambda d: d["servers"][0]["customProperties"].append({"property": "timezone", "value": "UTC"}),
        "timezone",
    ),
    "pattern that does not close": (lambda d: column(d, logicalTypeOptions={"pattern": "[a-z"}), "pattern"),
    "pattern with look-ahead": (lambda d: column(d, logicalTypeOptions={"pattern": "(?=a)a"}), "pattern"),
    "pattern with an end that RE2 lacks": (lambda d: column(d, logicalTypeOptions={"pattern": "a\\Z"}), "pattern"),
    "pattern that repeats too often": (lambda d: column(d, logicalTypeOptions={"pattern": "a{2000}"}), "pattern"),
    "pattern that gives nothing back": (lambda d: column(d, logicalTypeOptions={"pattern": "a++"}), "pattern"),
    "pattern with a comment": (lambda d: column(d, logicalTypeOptions={"pattern": "(?#year)a"}), "pattern"),
    "pattern that grows": (lambda d: column(d, logicalTypeOptions={"pattern": "((a{100}){100}){100}"}), "pattern"),
    "hours of twelve without half of the day": (
        lambda d: column(d, logicalType="timestamp", logicalTypeOptions={"format": "dd-MM-yyyy hh:mm"}),
        "date pattern",
    ),
    "half of the day with hours of 24": (
        lambda d: column(d, logicalType="timestamp", logicalTypeOptions={"format": "dd-MM-yyyy HH:mm a"}),
        "date pattern",
    ),
    "steps of a text": (lambda d: column(d, logicalTypeOptions={"multipleOf": 5}), "multipleOf"),
    "yes without quotes": (
        lambda d: column(
            d,
            logicalType="boolean",
            logicalTypeOptions={},
            customProperties=[{"property": "trueValues", "value": [True]}],
        ),
        "trueValues",
    ),
    "valid values without quotes": (
        lambda d: column(
            d,
            logicalType="string",
            logicalTypeOptions={},
            quality=[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, "a"]}}],
        ),
        "validValues",
    ),
    "bound as text": (lambda d: column(d, logicalType="integer", logicalTypeOptions={"minimum": "0"}), "minimum"),
    "bound of a date": (
        lambda d: column(d, logicalType="date", logicalTypeOptions={"format": "dd-MM-yyyy", "minimum": 0}),
        "minimum",
    ),
    "steps of nothing": (lambda d: column(d, logicalType="number", logicalTypeOptions={"multipleOf": 0}), "multipleOf"),
    "length of nothing": (lambda d: column(d, logicalTypeOptions={"maxLength": 0}), "maxLength"),
    "markers without a reason": (
        lambda d: column(d, customProperties=[{"property": "missingValues", "value": ["-"]}]),
        "missingValues",
    ),
    "reserved name": (lambda d: column(d, name="row_hash"), "row_hash"),
    "name of a column that Postgres has": (lambda d: column(d, name="xmin"), "xmin"),
    "name of a companion": (
        lambda d: (
            column(
                d, name="a", customProperties=[{"property": "missingValues", "value": [{"value": "", "reason": "x"}]}]
            ),
            d["schema"][0]["properties"][6].update(name="a_missing_reason"),
        ),
        "a_missing_reason",
    ),
    "long name with a companion": (
        lambda d: column(
            d, name="a" * 49, customProperties=[{"property": "missingValues", "value": [{"value": "", "reason": "x"}]}]
        ),
        "48 characters",
    ),
    "owner of one letter": (lambda d: d["team"]["members"][0].update(name="A", username="A"), "team"),
    "table whose raw table could be another source's": (lambda d: d["schema"][0].update(name="a__b"), "__"),
    "zone that only some systems have": (lambda d: server(d, "timezone", "posix/Europe/Copenhagen"), "timezone"),
    "quote of two bytes": (lambda d: server(d, "quote", "»"), "quote"),
    "thousands sign that ends a text": (lambda d: server(d, "thousandsSign", "'"), "thousandsSign"),
    "two tables of one name": (lambda d: d["schema"][1].update(name=d["schema"][0]["name"]), "there twice"),
    "key of more columns than an index has": (
        lambda d: d["schema"][0]["properties"].extend(
            {"name": f"k{n}", "logicalType": "string", "classification": "internal", "primaryKey": True}
            for n in range(33)
        ),
        "primaryKey",
    ),
    "file name with the date twice": (
        lambda d: d["schema"][0].update(physicalName="a_{cutoff}_{cutoff}.csv"),
        "physicalName",
    ),
}


@pytest.mark.parametrize("name", SLOPPY)
def test_sloppy_contract_names_the_field(tmp_path, name):
    change, field = SLOPPY[name]
    document = yaml.safe_load(OURS)
    change(document)
    file = tmp_path / "bif_complaints.odcs.yaml"
    file.write_text(yaml.safe_dump(document))
    assert field in "\n".join(read_contract(file).problems)


def test_broken_files_stop_no_other_source(folder):
    (folder / "folder.odcs.yaml").mkdir()
    (folder / "dangling.odcs.yaml").symlink_to("nowhere")
    (folder / "loop.odcs.yaml").symlink_to("loop.odcs.yaml")
    (folder / "binary.odcs.yaml").write_bytes(os.urandom(1000))
    (folder / "empty.odcs.yaml").write_bytes(b"")
    (folder / "huge.odcs.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (folder / "utf16.odcs.yaml").write_text(OURS, encoding="utf-16")
    (folder / "date.odcs.yaml").write_text("kind: DataContract\napiVersion: v3.1.0\nversion: 2025-02-30\n")
    (folder / "key.odcs.yaml").write_text("{[1, 2]: 3}")
    (folder / "number.odcs.yaml").write_text("kind: DataContract\napiVersion: v3.1.0\n1: a\n")
    (folder / "tag.odcs.yaml").write_text("!!python/object/apply:os.system ['true']")
    (folder / "twice.odcs.yaml").write_text(OURS.replace("kind: DataContract", "kind: DataContract\nkind: Other"))
    bomb = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 1}]" for n in range(12))
    (folder / "bomb.odcs.yaml").write_text(bomb)
    (folder / "deep.odcs.yaml").write_text("[" * 5000)
    (folder / "abyss.odcs.yaml").write_text(f"kind: DataContract\nx: {'[' * 60_000}{']' * 60_000}")
    (folder / "wide.odcs.yaml").write_text("\n".join(f"k{n}: 1" for n in range(60_000)))
    merges = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 9))
    (folder / "merges.odcs.yaml").write_text(f"m0: &m0 {{a: 1}}\n{merges}")
    os.mkfifo(folder / "pipe.odcs.yaml")
    (folder / "zero.odcs.yaml").write_text(OURS.replace("name: BIF-klager", 'name: "a\\0b" #'))
    (folder / "integer.odcs.yaml").write_text("!!int ''")
    (folder / "circle.odcs.yaml").write_text("a: &a [*a]")
    contracts = load(folder)
    broken = {file.name.removesuffix(".odcs.yaml") for file in folder.iterdir()} - {"bif_complaints"}
    assert contracts["bif_complaints"].problems == ()
    assert {name for name, contract in contracts.items() if contract.problems} == broken
    assert all("\n" not in contract.id and len(contract.id) <= 51 for contract in contracts.values())


def test_backup_copy_stops_only_itself(folder):
    (folder / "bif_complaints (kopi).odcs.yaml").write_text(OURS)
    contracts = load(folder)
    assert contracts["bif_complaints"].problems == ()
    assert contracts["bif_complaints_kopi"].problems == ("id: another file has the id bif_complaints too",)


@pytest.mark.parametrize("name", ["bif_complaints.odcs.yml", "BIF_complaints.ODCS.YAML"])
def test_misnamed_contract_file_is_reported(folder, name):
    (folder / name).write_text(OURS)
    contracts = load(folder)
    assert contracts["bif_complaints"].problems == ()
    (misnamed,) = (contract for contract in contracts.values() if contract.problems)
    assert misnamed.problems == (f"{name}: the file of a contract is named <source>.odcs.yaml, in small letters",)


def test_message_of_300_problems_is_readable(folder):
    first = "      - name: case_number\n"
    columns = "".join(f"      - {{name: c{n}, physicalName: C{n}, logicalType: string}}\n" for n in range(300))
    (folder / "bif_complaints.odcs.yaml").write_text(OURS.replace(first, columns + first, 1))
    with pytest.raises(KvalitetError, match="more") as told:
        ready_contract(Settings(ROOT, folder.parent, "", "", ""), "bif_complaints")
    assert len(str(told.value)) <= 2_000


def test_two_contracts_of_one_id_are_stopped(folder):
    for name in ("one", "two"):
        (folder / f"{name}.odcs.yaml").write_text(OURS.replace("id: bif_complaints", "id: klager"))
    contracts = load(folder)
    assert contracts["one"].problems == contracts["two"].problems == ("id: another file has the id klager too",)


def copied(folder: Path, id: str, change=lambda text: text) -> Path:
    file = folder / f"{id}.odcs.yaml"
    file.write_text(change(OURS.replace("id: bif_complaints", f"id: {id}")))
    return file


@pytest.mark.parametrize("id", ["aaa", "bif_complaints_kopi"])
def test_copy_with_other_id_stops_only_itself(folder, id):
    file = copied(folder, id)
    contracts = load(folder)
    assert contracts["bif_complaints"].problems == ()
    assert contracts[id].problems == (
        "schema complaints: klager_{cutoff}.csv in bif_complaints is read by the contract bif_complaints",
        "schema complaint_points: klagepunkter_{cutoff}.csv in bif_complaints is read by the contract bif_complaints",
    )
    with pytest.raises(KvalitetError, match="is read by the contract bif_complaints"):
        ready_contract(Settings(ROOT, folder.parent, "", "", ""), id)
    file.unlink()
    assert set(load(folder)) == {"bif_complaints"}


def test_coming_copy_is_named_in_advance(folder, tmp_path):
    settings = Settings(ROOT, folder.parent, "", "", "")
    contract, stopped = read_beside(settings, copied(tmp_path, "draft"))
    assert (len(contract.problems), stopped) == (2, ())
    copied(folder, "kopi")
    contract, stopped = read_beside(settings, folder / "bif_complaints.odcs.yaml")
    assert (contract.problems, [other.id for other in stopped]) == ((), ["kopi"])
    contract, stopped = read_beside(settings, folder / "kopi.odcs.yaml")
    assert (len(contract.problems), stopped) == (2, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("path: bif_complaints", "path: bif/klager"),  # another folder
        ("lager_{cutoff}.csv", "lager_2_{cutoff}.csv"),  # and other names
    ],
)
def test_other_file_or_folder_is_no_copy(folder, before, after):
    other_points = "klagepunkter_{cutoff}.csv", "punkter_{cutoff}.csv"
    copied(folder, "other", lambda text: text.replace(before, after).replace(*other_points))
    contracts = load(folder)
    assert (contracts["bif_complaints"].problems, contracts["other"].problems) == ((), ())


def test_only_one_contract_may_read_a_sheet(folder):
    workbook = (ROOT / "example/administration/contracts/political_decisions.odcs.yaml").read_text()
    sheets = yaml.safe_load(workbook)["schema"]
    for id, schema in (("plans", sheets[:1]), ("items", sheets[1:2]), ("again", sheets[:1])):
        document = yaml.safe_load(workbook) | {"id": id, "schema": schema}
        document["servers"][0]["path"] = "political_decisions"
        (folder / f"{id}.odcs.yaml").write_text(yaml.safe_dump(document))
    contracts = load(folder)
    assert contracts["items"].problems == ()
    stopped = [id for id in ("plans", "again") if contracts[id].problems]
    assert stopped == ["plans"]  # again is the first by id


def test_invalid_id_is_replaced_by_file_name(folder):
    (folder / "Ny kilde.odcs.yaml").write_text(OURS.replace("id: bif_complaints", "id: 'x; drop\\n'"))
    assert load(folder)["ny_kilde"].problems


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(),
        st.sampled_from(["", "closed", "0", "2GB", "5 %", "soon", "\0", "{cutoff}", "-", "1 * * * *"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def places(value, path=()):
    """Every place in the document, as a path of keys and positions."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from places(one, (*path, name))


PLACES = sorted(places(yaml.safe_load(OURS)), key=str)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=4))
@example([(("schema", 0, "properties", 0, "customProperties"), None)])
@example([(("servers", 0), None)])
@example([(("slaProperties", 0, "value"), True)])
def test_any_value_is_read_or_named_problem(tmp_path, changes):
    document = yaml.safe_load(OURS)
    for path, value in changes:
        place = document
        try:
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change removed this place
    file = tmp_path / "fuzzed.odcs.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    try:
        said = read_contract(file).doc_md()
    except KvalitetError as error:
        said = str(error)
    assert "fuzzed.odcs.yaml" in said or said.startswith("# ")
