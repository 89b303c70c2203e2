"""Delivered files are kept encrypted, and can be taken in again after the contract was corrected."""

import hashlib
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow
import pytest
from deliveries import COMPLAINT, as_csv, write

from kvalitet.contracts import load_contracts
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.landing import Store, retention, rotation
from kvalitet.landing.keys import age, identities, key_file, recipient_file
from kvalitet.landing.retention import purge
from kvalitet.landing.rotation import rotate_key
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import PERSONS

pytestmark = pytest.mark.slow

MENDED = "validValues: [formalitet,", "validValues: [nyopfundet, formalitet,"
GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(100)]
LATENCY = "  - property: latency"
SECRET = "Marianne fra Sundby skriver det her"
DAY = timedelta(days=1)
TODAY = datetime.now(TIMEZONE).date()


@pytest.fixture
def contract_says(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Change the contract of the complaints: `contract_says(old, new)` replaces text in it."""
    folder = tmp_path / "contracts"
    shutil.copytree(settings.contracts_dir, folder)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(folder))
    file = folder / "bif_complaints.odcs.yaml"

    def change(old: str, new: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return change


def landed(settings: Settings) -> list[dict]:
    with connect(settings, LOADER) as connection:
        return connection.execute("select * from audit.landed_file order by load_id, file_name").fetchall()


def store_files(settings: Settings) -> list[Path]:
    return sorted(Path(settings.landing.removeprefix("file://")).rglob("*.age"))


def accepted(settings: Settings) -> list[tuple]:
    with connect(settings, LOADER) as connection:
        rows = connection.execute(
            "select load_id, delivery, origin, of_load from audit.load where outcome = 'accepted' order by load_id"
        ).fetchall()
    return [tuple(row.values()) for row in rows]


class TestStore:
    def test_delivery_is_kept_exact_and_encrypted(self, settings, deliver, inbox):
        deliver(*GOOD, {"Fritekst": SECRET, "CPR": "010190-1234"})
        extract(settings, "bif_complaints")
        delivered = (inbox / "bif_complaints/klager_2025-01-02.csv").read_bytes()
        row = landed(settings)[1]
        assert (row["file_name"], row["table_names"], row["bytes"], row["sha256"]) == (
            "klager_2025-01-02.csv", ["complaints"], len(delivered), hashlib.sha256(delivered).hexdigest(),
        )  # fmt: skip
        assert row["path"] == f"bif_complaints/{row['sha256']}.zst.age"
        assert row["retained_until"] - TODAY in (90 * DAY, 91 * DAY)
        (file,) = [file for file in store_files(settings) if row["sha256"] in file.name]
        kept = file.read_bytes()
        assert kept.startswith(b"age-encryption.org/v1")
        # With the key and none of our code.
        opened = age.decrypt(kept, identities(settings))
        assert pyarrow.CompressedInputStream(pyarrow.BufferReader(opened), "zstd").read() == delivered

    def test_nothing_is_readable_without_key(self, settings, deliver, everything_written):
        deliver(*GOOD, {"Fritekst": SECRET, "CPR": "010190-1234"})
        extract(settings, "bif_complaints")
        written = everything_written()
        assert "Marianne" not in written
        assert "0101901234" not in written.replace("-", "")

    def test_same_delivery_twice_changes_nothing(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        before = {file: file.read_bytes() for file in store_files(settings)}
        extract(settings, "bif_complaints")
        assert {file: file.read_bytes() for file in store_files(settings)} == before
        assert len(landed(settings)) == len(before) == 2

    def test_landing_may_be_object_store(self, settings, deliver, contract_says, monkeypatch):
        monkeypatch.setenv("KVALITET_LANDING", f"memory://{settings.database}")
        deliver(*GOOD, {"Sagsnummer": "2024 - 99999", "Klagetype": "nyopfundet"})
        first = extract(settings, "bif_complaints").loads[-1].load_id
        contract_says(*MENDED)
        assert replay(settings, first).loads[-1].tables["complaints"].reread == 1
        assert set(Store(settings).files()) == {row["path"] for row in landed(settings)}
        assert vars(purge(settings, TODAY + 92 * DAY)) == {"expired": 2, "orphans": 0}
        assert Store(settings).files() == {}

    def test_changed_file_does_not_open(self, settings, deliver):
        deliver(*GOOD)
        load = extract(settings, "bif_complaints").loads[-1].load_id
        for file in store_files(settings):
            changed = bytearray(file.read_bytes())
            changed[-20] ^= 1
            file.write_bytes(changed)
        with connect(settings, LOADER) as connection:
            connection.execute("insert into audit.load_withdrawal values (%s, 'for the test', 'test')", [load])
        with pytest.raises(KvalitetError, match="does not open: it was changed, or none of the keys fits"):
            replay(settings, load)

    def test_other_encoding_is_kept_as_delivered(self, settings, inbox):
        text = as_csv([COMPLAINT | {"Tema": "ø"}], list(COMPLAINT)).encode("latin-1")
        write(inbox, "bif_complaints/klager_2025-01-02.csv", text)
        write(inbox, "bif_complaints/klagepunkter_2025-01-02.csv", "x\r\n")
        with pytest.raises(DeliveryRefused, match="is not in the agreed encoding"):
            extract(settings, "bif_complaints")
        delivered = {hashlib.sha256(content).hexdigest() for content in (text, b"x\r\n")}
        assert {row["sha256"] for row in landed(settings)} == delivered
        assert len(store_files(settings)) == 2


class TestReplay:
    def test_fixed_contract_accepts_rejects(self, settings, deliver, contract_says, open_rows, rejects):
        deliver(*GOOD, {"Sagsnummer": "2024 - 99999", "Klagetype": "nyopfundet"})
        first = extract(settings, "bif_complaints").loads[-1]
        assert first.tables["complaints"].rejected == 1
        contract_says(*MENDED)
        assert extract(settings, "bif_complaints").outcome == "nothing_new"
        result = replay(settings, first.load_id)
        assert result.loads[-1].tables["complaints"].reread == 1
        assert (len(open_rows()), rejects()) == (101, [])
        second = result.loads[-1].load_id
        assert accepted(settings) == [
            (first.load_id, "2025-01-02", "delivered", None), (second, "2025-01-02", "replayed", first.load_id),
        ]  # fmt: skip
        again = replay(settings, first.load_id)
        assert (again.outcome, again.message) == (
            "nothing_new", f"It is in by this contract already, as load {second}.",
        )  # fmt: skip
        assert extract(settings, "bif_complaints").outcome == "nothing_new"

    def test_fixed_contract_accepts_unreadable_keys(self, settings, deliver, contract_says, open_rows, rejects):
        deliver(*GOOD, {"Sagsnummer": "X-2024-1"}, {"Sagsnummer": "?"})
        first = extract(settings, "bif_complaints").loads[-1]
        before = [(key, rule) for _, key, _, rule, _ in rejects()]
        assert set(before) == {(None, "pattern")}
        contract_says(r"pattern: '^\d{4}-\d{4,8}$'", r"pattern: '^(X-)?\d{4}-\d{1,8}$'")
        replay(settings, first.load_id)
        assert len(rejects()) == len(before) / 2  # "?" is still set aside, as a complaint and as its point
        assert "X-2024-1" in [row["case_number"] for row in open_rows()]

    def test_fixed_contract_accepts_refused_delivery(self, settings, deliver, contract_says, inbox):
        deliver(*GOOD, *[{"Sagsnummer": f"2024 - {n}", "Klagetype": "nyopfundet"} for n in range(90000, 90100)])
        with pytest.raises(DeliveryRefused, match="break the contract"):
            extract(settings, "bif_complaints")
        refused = landed(settings)[0]["load_id"]
        shutil.rmtree(inbox / "bif_complaints")  # the inbox is not needed
        contract_says(*MENDED)
        assert replay(settings, refused).loads[-1].tables["complaints"].opened == 200

    def test_same_contract_refuses_again(self, settings, deliver):
        deliver(*GOOD, *[{"Sagsnummer": f"2024 - {n}", "Klagetype": "nyopfundet"} for n in range(90000, 90100)])
        with pytest.raises(DeliveryRefused) as first:
            extract(settings, "bif_complaints")
        with pytest.raises(DeliveryRefused) as second:
            replay(settings, landed(settings)[0]["load_id"])
        assert str(first.value).startswith(second.value.what)

    def test_older_delivery_stands_beside(self, settings, deliver, contract_says, open_rows):
        deliver(*GOOD, {"Sagsnummer": "2024 - 99999", "Klagetype": "nyopfundet"})
        first = extract(settings, "bif_complaints").loads[-1].load_id
        deliver(*GOOD[:99], cutoff="2025-01-03")
        extract(settings, "bif_complaints")
        contract_says(*MENDED)
        result = replay(settings, first)
        assert "beside the history: a newer delivery is in" in result.message
        beside = result.loads[-1].load_id
        assert beside < 0
        assert len(open_rows()) == 99
        with connect(settings, LOADER) as connection:
            seen = connection.execute(
                "select count(*) as rows from raw.bif_complaints__complaints where valid_from_load = %s", [beside]
            ).fetchone()
        assert seen == {"rows": 101}

    @pytest.mark.parametrize("load", [999, 1])
    def test_missing_load_or_files_are_named(self, settings, deliver, load):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        purge(settings, TODAY + 91 * DAY)
        with connect(settings, LOADER) as connection:
            connection.execute("insert into audit.load_withdrawal values (1, 'for the test', 'test')")
        expected = {
            999: "There is no load 999.",
            1: rf"The files of load 1 were removed on {TODAY:%Y}-\d\d-\d\d \(retention\)",
        }
        with pytest.raises(KvalitetError, match=expected[load]):
            replay(settings, load)


class TestRetention:
    def test_expired_files_go_and_records_stay(self, settings, deliver, contract_says):
        contract_says(
            "  - property: latency", "  - property: retention\n    value: 7\n    unit: d\n  - property: latency"
        )
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        until = landed(settings)[0]["retained_until"]
        assert until - TODAY in (7 * DAY, 8 * DAY)  # midnight may pass
        assert vars(purge(settings, until)) == {"expired": 0, "orphans": 0}
        assert vars(purge(settings, until + DAY)) == {"expired": 2, "orphans": 0}
        assert vars(purge(settings, until + DAY)) == {"expired": 0, "orphans": 0}
        assert store_files(settings) == []
        assert [row["purged_because"] for row in landed(settings)] == ["retention", "retention"]
        assert all(len(row["sha256"]) == 64 for row in landed(settings))

    def test_orphans_are_removed_after_a_day(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        folder = store_files(settings)[0].parent
        for name, days in (("killed.zst.age", 2), ("half.zst.age.0123.part", 2), ("at-work.zst.age", 0)):
            (folder / name).write_bytes(b"x")
            written = time.time() - days * 86_400
            os.utime(folder / name, (written, written))
        assert vars(purge(settings)) == {"expired": 0, "orphans": 2}
        assert (folder / "at-work.zst.age").exists()
        assert len(store_files(settings)) == 3

    def test_fast_local_clock_removes_nothing(self, settings, deliver, monkeypatch):
        class Ahead(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + 400 * DAY

        deliver(*GOOD)
        extract(settings, "bif_complaints")
        monkeypatch.setattr(retention, "datetime", Ahead)
        assert vars(purge(settings)) == {"expired": 0, "orphans": 0}
        assert len(store_files(settings)) == 2

    def test_no_orphan_is_removed_in_extraction(self, settings, deliver):
        """A clock that was set ahead makes a file look old that is about to be recorded."""
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        landing = store_files(settings)[0].with_name("about-to-be-named.zst.age")
        landing.write_bytes(b"x")
        two_days_ago = time.time() - 2 * 86_400
        os.utime(landing, (two_days_ago, two_days_ago))
        with connect(settings, LOADER) as connection:
            connection.execute("select from audit.lock where name = %s for share", [PERSONS])
            assert vars(purge(settings)) == {"expired": 0, "orphans": 0}
        assert landing.exists()
        assert vars(purge(settings)) == {"expired": 0, "orphans": 1}

    def test_contract_states_retention(self, settings, contract_says):
        assert {contract.retention_days for contract in load_contracts(settings).values()} == {90}
        contract_says(
            "  - property: latency", "  - property: retention\n    value: 2\n    unit: y\n  - property: latency"
        )
        assert load_contracts(settings)["bif_complaints"].retention_days == 730
        contract_says("unit: y", "unit: moons")
        problem = "slaProperties: retention must be a whole number of d, w, m, q or y"
        assert load_contracts(settings)["bif_complaints"].problems == (problem,)


class TestKeyRotation:
    def test_files_open_with_new_key_only(self, settings, deliver, own_secrets):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        (old,) = identities(settings)
        assert rotate_key(settings) == 2
        (new,) = identities(settings)
        store = Store(settings)
        for path in store.files():
            assert (store.opens_with(path, old), store.opens_with(path, new)) == (False, True)
        assert key_file(settings).stat().st_mode & 0o777 == 0o600
        deliver(*GOOD, {}, cutoff="2025-01-03")
        extract(settings, "bif_complaints")
        assert all(store.opens_with(path, new) for path in store.files())

    def test_running_extraction_stops_rotation(self, settings, deliver, own_secrets):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        before = recipient_file(settings).read_text()
        with connect(settings, LOADER) as extracting:
            extracting.execute("select from audit.lock where name = %s for share", [PERSONS])
            with pytest.raises(KvalitetError, match="An extraction is running"):
                rotate_key(settings)
            assert recipient_file(settings).read_text() == before
        assert rotate_key(settings) == 2

    def test_killed_rotation_is_resumed(self, settings, deliver, own_secrets, monkeypatch):
        deliver(*GOOD)
        load = extract(settings, "bif_complaints").loads[-1].load_id
        whole, written = Store.write, []

        def killed_at_the_second(store, path, source):
            if written:
                raise KeyboardInterrupt
            written.append(path)
            whole(store, path, source)

        with monkeypatch.context() as patched:
            patched.setattr(rotation.Store, "write", killed_at_the_second)
            with pytest.raises(KeyboardInterrupt):
                rotate_key(settings)
        assert len(identities(settings)) == 2  # so that both halves can still be opened
        with connect(settings, LOADER) as connection:
            connection.execute("insert into audit.load_withdrawal values (%s, 'for the test', 'test')", [load])
        assert replay(settings, load).outcome == "accepted"
        rotate_key(settings)
        (new,) = identities(settings)
        store = Store(settings)
        assert all(store.opens_with(path, new) for path in store.files())
