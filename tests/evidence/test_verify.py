"""Certificates: whatever was signed can be checked, and any later change of it is found."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import synthetic
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from psycopg import errors
from psycopg.rows import DictRow, dict_row
from warehouses import Become, NewWarehouse

from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import read_envelope, write_files
from kvalitet.publication import publish, rollback
from kvalitet.publication.schemas import open_to_readers, rename
from kvalitet.settings import AUDITOR, GATE, LOADER, LOGIN_ROLES, PUBLISHER, TRANSFORMER, Settings
from kvalitet.verification.outbox import work_off
from kvalitet.verification.verify import verify
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_publications(new_warehouse: NewWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Two publications, each with a delivery and a check, and a rollback to the first."""
    folder = tmp_path_factory.mktemp("publications")
    with new_warehouse(folder) as settings:
        _publish_twice(settings, folder)
        yield settings


def _publish_twice(settings: Settings, folder: Path) -> None:
    for number in (1, 2):
        with connect(settings, LOADER) as connection:
            connection.execute(
                "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
                " contract_sha256, started_at) values ('bif', %s, '2024-01-01', repeat('a', 64), 'accepted', '1', 'b',"
                " '2024-01-02')",
                [f"delivery {number}"],
            )
            connection.execute(
                "insert into audit.load_table select max(load_id), 'complaints', 'a.csv', 10, repeat('c', 64), 1, 0, 1,"
                " 0, 0, 0, 0 from audit.load"
            )
        build_id = synthetic.passed_build(settings, folder, rows=50 * number)
        with connect(settings, TRANSFORMER) as connection:
            connection.execute("insert into audit.build_load values (%s, 'bif', %s, false, null)", [build_id, number])
        with connect(settings, GATE) as connection:
            connection.execute(
                "insert into audit.check_measurement (judgement_id, check_id, outcome, violations, denominator)"
                " select judgement_id, 'key_unique', 'measured', 0, 50 from audit.judgement where build_id = %s",
                [build_id],
            )
            connection.execute(
                "insert into audit.check_verdict (judgement_id, check_id, suite, table_name, severity, status,"
                " threshold, description, why, owner, advice_engineer, advice_reader)"
                " select judgement_id, 'key_unique', 's', 't', 'critical', 'passed', 'ingen', 'd', 'w', 'o', 'e', 'r'"
                " from audit.judgement where build_id = %s",
                [build_id],
            )
        publish(settings, build_id)
    rollback(settings, "the wrong law")


@pytest.fixture
def published(become: Become, two_publications: Settings) -> Settings:
    """A copy of them for one test."""
    return become(two_publications)


def test_untouched_all_holds(published: Settings) -> None:
    found = verify(published)
    assert found.faults == []
    assert (found.entries, found.seen.tables, found.uncertified) == (3, 4, [])


def test_certificate_file_is_written_once(published: Settings) -> None:
    files = write_files(published)
    assert [file.name for file in files] == ["000001.json", "000002.json", "000003.json"]
    kept = fetch_all(published, AUDITOR, "select envelope from audit.certificate order by entry")
    assert [file.read_text() for file in files] == [row["envelope"] for row in kept]
    assert write_files(published) == []
    files[1].unlink()
    assert write_files(published) == [files[1]], "a run that was killed is made good by the next"


def test_certificate_states_what_it_rests_on(published: Settings) -> None:
    rows = fetch_all(
        published, AUDITOR, "select envelope, sha256, previous_sha256 from audit.certificate order by entry"
    )
    statement = json.loads(read_envelope(rows[1]["envelope"]).payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [subject["name"] for subject in statement["subject"]] == [
        "reporting.dim_source", "reporting.fct_complaint", "reporting.fct_indicator_value", "reporting.table_reader",
    ]  # fmt: skip
    predicate = statement["predicate"]
    assert predicate["publication"]["publication_id"] == 2
    (delivery,) = predicate["deliveries"]
    assert (delivery["delivery"], delivery["files"][0]["file_sha256"]) == ("delivery 2", "c" * 64)
    assert predicate["checks"][0]["check_id"] == "key_unique" and predicate["checks"][0]["denominator"] == 50
    assert predicate["figures"]["rows"] == 20
    assert predicate["previous_sha256"] == rows[0]["sha256"]
    last = json.loads(read_envelope(rows[2]["envelope"]).payload)["predicate"]
    assert (last["event"], last["reason"], last["publication"]["publication_id"]) == (
        "rolled_back_to", "the wrong law", 1,
    )  # fmt: skip


TAMPERINGS = {
    "a delivery's digest": "update audit.load set content_sha256 = 'b' || substr(content_sha256, 2) where load_id = 1",
    "a delivered file's digest": "update audit.load_table set file_sha256 = repeat('d', 64) where load_id = 1",
    "a count of a delivery": "update audit.load_table set rows_rejected = 1 where load_id = 2",
    "which delivery a build saw": "update audit.build_load set load_id = 2 where load_id = 1",
    "a check's status": "update audit.check_verdict set status = 'failed' where judgement_id = 1",
    "what a check counted": "update audit.check_measurement set violations = 1 where judgement_id = 1",
    "a judgement put on top": "insert into audit.judgement (build_id, passed) values (1, true)",
    "a check's words": "update audit.check_verdict set why = 'x' where judgement_id = 1",
    "a check that is gone": "delete from audit.check_verdict where judgement_id = 2",
    "the code version": "update audit.build set code_version = 'other' where build_id = 1",
    "when it was published": "update audit.publication set published_at = published_at + interval '1 s'",
    "a published figure": "update audit.publication_figure set value = value + 1 where period_label = '2001'",
    "a figure that is gone": "delete from audit.publication_figure where publication_id = 2 and period_label = '2001'",
    "the reason of a rollback": "update audit.publication_event set reason = 'another' where event = 'rolled_back_to'",
    "a measured table's digest": "update audit.table_digest set row_count = row_count + 1 where judgement_id = 1",
    "what readers see": "update reporting.fct_indicator_value set value = value + 1",
    "a row that readers see": "delete from reporting.fct_complaint where complaint_key = '1'",
    "one byte of a certificate": "update audit.certificate set envelope = replace(envelope, 'payload\"', 'Payload\"')",
    "a signature": 'update audit.certificate set envelope = regexp_replace(envelope, \'"sig":".\', \'"sig":"/\')',
    "the order": "update audit.certificate set entry = case entry when 1 then 2 when 2 then 1 else entry end",
    "an entry in the middle": "delete from audit.certificate where entry = 2",
    "the first entry": "delete from audit.certificate where entry = 1",
    "an event without a certificate": "insert into audit.publication_event (publication_id, event, happened_by)"
    " values (2, 'published', 'somebody')",
}


@pytest.mark.parametrize("change", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_server_owner_cannot_change_it_unseen(published: Settings, admin_url: str, change: str) -> None:
    with psycopg.connect(admin_url) as connection:
        if "set entry = case" in change:
            connection.execute("alter table audit.certificate drop constraint certificate_pkey cascade")
        assert connection.execute(change.encode()).rowcount > 0
    assert verify(published).faults


def test_chain_signed_by_another_key_is_found(published: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_bytes(
        Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    faults = verify(published, public_keys=[other]).faults
    assert faults == [f"Entry {n}: its signature is not by the given key" for n in (1, 2, 3)]


def test_only_anchor_finds_cut_off_entries(
    settings: Settings, tmp_path: Path, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchors = tmp_path / "anchors"
    monkeypatch.setenv("KVALITET_ANCHOR", f"file:{anchors}")
    for _ in range(2):
        publish(settings, synthetic.passed_build(settings, tmp_path))
    assert work_off(settings) == 2
    assert verify(settings, anchors=anchors).anchored == 2
    with psycopg.Connection[DictRow].connect(admin_url, row_factory=dict_row) as connection:
        connection.execute("delete from audit.anchor where entry = 2")
        for table in ("certificate", "publication_event", "publication_figure", "publication"):
            connection.execute(f"delete from audit.{table} where publication_id = 2".encode())
        connection.execute("drop schema reporting, reporting_detail cascade")
        rename(connection, "previous", "reporting")
        open_to_readers(connection, "reporting")
    assert verify(settings).faults == [], "nothing is left that could tell"
    assert verify(settings, anchors=anchors).faults == ["Entry 2 was anchored and is gone."]


def test_a_signer_elsewhere_signs(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "sign.py"
    command.write_text(
        "import sys\nfrom cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        "key = load_pem_private_key(open(sys.argv[1], 'rb').read(), None)\n"
        "print(key.sign(sys.stdin.buffer.read()).hex())\n"
    )
    key = settings.secrets_dir / "certificate.key"
    monkeypatch.setenv("KVALITET_SIGNER", f"command:{sys.executable} {command} {key}")
    publish(settings, synthetic.passed_build(settings, tmp_path))
    assert verify(settings).faults == []


@pytest.mark.parametrize(
    "signer", ["command:false", "command:echo nonsense", "command:/no/such", "file2:/no/such", "x:y"]
)
def test_unsigned_build_is_not_published(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signer: str
) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)
    monkeypatch.setenv("KVALITET_SIGNER", signer)
    with pytest.raises(KvalitetError, match="could not be signed, so nothing was published"):
        publish(settings, build_id)
    assert fetch_all(settings, AUDITOR, "select from audit.publication") == []
    monkeypatch.delenv("KVALITET_SIGNER")
    assert publish(settings, build_id).publication_id == 1


#: The ledger's tables, each with one column that somebody could want to change.
LEDGER = {
    "load": "delivery",
    "load_table": "file_name",
    "publication": "published_by",
    "publication_event": "reason",
    "publication_figure": "value",
    "certificate": "envelope",
    "build_load": "stale_reason",
    "judgement": "passed",
    "check_rule": "rule",
    "check_measurement": "violations",
    "check_verdict": "status",
    "check_waiver": "reason",
    "build_material": "sha256",
    "table_digest": "sha256",
}


@pytest.mark.parametrize("role", LOGIN_ROLES)
def test_no_runtime_role_changes_ledger(published: Settings, role: str) -> None:
    for table, column in LEDGER.items():
        for query in (
            f"update audit.{table} set {column} = {column}",
            f"delete from audit.{table}",
            f"truncate audit.{table}",
            f"alter table audit.{table} disable trigger all",
        ):
            with connect(published, role) as connection:
                connection.read_only = False  # some roles are read-only by default
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(query.encode())


def test_only_publisher_adds_certificates(published: Settings) -> None:
    add = "insert into audit.certificate select 9, event_id, 1, '', '', '' from audit.certificate limit 1"
    for role in set(LOGIN_ROLES) - {PUBLISHER}:
        with connect(published, role) as connection:
            connection.read_only = False
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(add.encode())
