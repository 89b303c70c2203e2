"""Every kept file is checked against its digest in some night, and a changed or missing one is named."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
import synthetic

from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import write_files
from kvalitet.evidence.files import check_files
from kvalitet.landing.store import Store, compress
from kvalitet.publication import publish
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow
DAY = date(2026, 1, 1)


@pytest.fixture
def landed(settings: Settings, tmp_path: Path) -> Settings:
    """Ten kept originals of 100 bytes, and a certificate file."""
    store, compressed = Store(settings), tmp_path / "compressed"
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at) values ('bif', 'one', '2024-01-01', repeat('a', 64), 'accepted', '1', 'b',"
            " '2024-01-02') returning load_id"
        ).fetchone()
        assert row is not None
        for number in range(10):
            content = tmp_path / "content"
            content.write_bytes(b"%100d" % number)
            sha256 = hashlib.sha256(content.read_bytes()).hexdigest()
            with content.open("rb") as source:
                compress(source, compressed)
            path = store.put("bif", sha256, compressed)
            connection.execute(
                "insert into audit.landed_file (load_id, file_name, table_names, bytes, sha256, path, kept_sha256,"
                " retained_until) values (%s, %s, '{t}', 100, %s, %s, %s, '2030-01-01')",
                [row["load_id"], f"{number}.csv", sha256, path, sha256],
            )
    publish(settings, synthetic.passed_build(settings, tmp_path))
    write_files(settings)
    return settings


def test_every_file_is_checked_in_one_night(landed: Settings) -> None:
    nights = [check_files(landed, DAY + timedelta(days=day), nightly_bytes=250) for day in range(4)]
    assert {night.nights for night in nights} == {4}
    assert sum(night.originals for night in nights) == 10
    assert {(night.certificates, night.of_originals) for night in nights} == {(1, 10)}
    whole = check_files(landed, DAY)
    assert (whole.originals, whole.nights) == (10, 1), "a night that can read all of them does"


def test_changed_files_are_named(landed: Settings, tmp_path: Path) -> None:
    files = sorted((landed.var / "landing" / "bif").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[2].read_bytes())
    files[3].write_bytes(files[3].read_bytes()[:-1])
    certificate = landed.site_dir / "certificates" / "000001.json"
    certificate.write_text(certificate.read_text().replace("payload", "Payload", 1))
    with pytest.raises(KvalitetError, match="4 kept files are not what the ledger says") as failed:
        check_files(landed, DAY)
    for name in (files[0].name, files[1].name, files[3].name, "certificates/000001.json"):
        assert name in str(failed.value)


def test_originals_are_not_read_without_key(landed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_LANDING_KEY_FILE", "/no/such/key")
    done = check_files(landed, DAY)
    assert (done.certificates, done.originals, done.of_originals) == (1, 0, 10)
