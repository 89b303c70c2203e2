"""The evidence bundle: a script that imports nothing of ours checks it, and needs nobody's permission."""

import ast
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic
from bundles import check, unpacked
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from warehouses import Become, NewWarehouse

from kvalitet.errors import KvalitetError
from kvalitet.publication import publish, rollback
from kvalitet.settings import Settings
from kvalitet.verification import standalone
from kvalitet.verification.bundle import _page, write_bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_publications(new_warehouse: NewWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Two publications, and the evidence of the second in its run folder."""
    folder = tmp_path_factory.mktemp("publications")
    with new_warehouse(folder) as settings:
        for rows in (20, 30):
            publish(settings, synthetic.passed_build(settings, folder, rows))
        assert write_bundle(settings, 2, settings.var / "evidence.zip") == 2
        yield settings


@pytest.fixture
def bundle(become: Become, two_publications: Settings) -> Path:
    """The evidence, beside a copy of its warehouse for one test."""
    return become(two_publications).var / "evidence.zip"


def test_script_needs_only_cryptography() -> None:
    tree = ast.parse(Path(standalone.__file__).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {"cryptography"}


def test_untouched_bundle_holds(bundle: Path) -> None:
    folder = unpacked(bundle)
    done = check(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 entries of the ledger, 2 tables of publication 2: all of it holds." in done.stdout
    assert "out of the bundle: compare it" in done.stdout
    whole = check(folder, "--bundle", bundle, "--public-key", folder / "public-key.pem")
    assert whole.returncode == 0 and "compare it" not in whole.stdout


@pytest.mark.parametrize(
    ("held", "told"), [(2, "1 bestået, 2 sikret af databasen selv, 0 ikke"), (0, "1 bestået, 0 ikke")]
)
def test_page_counts_database_held_checks(held: int, told: str) -> None:
    checks = [{"status": "passed"}, *[{"status": "held"}] * held]
    publication = {"publication_id": 1, "as_of_date": "2025-01-02"}
    predicate = {"publication": publication, "deliveries": [], "checks": checks, "waivers": []}
    assert told in _page({"predicate": predicate, "subject": []}, [], [])


def test_it_holds_no_single_case(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as file:
        names = file.namelist()
    assert "tables/fct_indicator_value.tsv" in names and "index.html" in names
    assert not [name for name in names if "fct_complaint" in name]


def test_same_evidence_makes_same_ledger(bundle: Path, settings: Settings, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    write_bundle(settings, 2, again)
    with zipfile.ZipFile(bundle) as first, zipfile.ZipFile(again) as second:
        for name in first.namelist():
            assert name == "index.html" or first.read(name) == second.read(name), name


def test_changed_byte_of_tables_is_found(bundle: Path) -> None:
    folder = unpacked(bundle)
    files = sorted((folder / "tables").iterdir())
    keys = [load_pem_public_key((folder / "public-key.pem").read_bytes())]
    entries, faults = standalone.check_ledger(standalone.Bundle(folder), keys)
    assert faults == []

    @tries(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def changed(data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(files))
        whole = file.read_bytes()
        place = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
        file.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        try:
            assert standalone.check_tables(standalone.Bundle(folder), entries)[1]
        finally:
            file.write_bytes(whole)

    changed()


def test_changed_byte_of_newest_entry_is_found(bundle: Path) -> None:
    """The newest entry is the only one whose digest is in no later entry."""
    folder = unpacked(bundle)
    keys = [load_pem_public_key((folder / "public-key.pem").read_bytes())]
    newest = sorted((folder / "ledger").iterdir())[-1].read_bytes()
    for place in range(len(newest)):
        other = newest[:place] + bytes([newest[place] ^ 1]) + newest[place + 1 :]
        try:
            assert standalone.signed_payload(other, keys) is None, place
        except (ValueError, KeyError, TypeError):
            continue


def test_missing_or_reordered_entry_is_found(bundle: Path, tmp_path: Path) -> None:
    folder = unpacked(bundle)
    first, second = sorted((folder / "ledger").iterdir())
    anchors = tmp_path / "anchors"
    anchors.write_text(f"2 {standalone.hashlib.sha256(second.read_bytes()).hexdigest()}\n")
    assert check(folder, "--anchors", anchors).returncode == 0
    kept = first.read_bytes(), second.read_bytes()
    second.unlink()
    assert "Entry 2 was anchored and is gone" in check(folder, "--anchors", anchors).stdout
    first.write_bytes(kept[1])
    second.write_bytes(kept[0])
    assert "in the place of entry 1" in check(folder).stdout
    first.unlink()
    assert check(folder).returncode == 1


def test_another_key_does_not_hold(bundle: Path, tmp_path: Path) -> None:
    key = tmp_path / "other.pem"
    public = Ed25519PrivateKey.generate().public_key()
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "it is not an entry signed by the given key" in check(unpacked(bundle), "--public-key", key).stdout


def test_evidence_is_of_what_readers_see(bundle: Path, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "one.zip"
    with pytest.raises(KvalitetError, match="Readers see publication 2, not publication 1"):
        write_bundle(settings, 1, out)
    rollback(settings, "the wrong law")
    write_bundle(settings, 1, out)
    done = check(unpacked(out))
    assert "3 entries of the ledger, 2 tables of publication 1: all of it holds." in done.stdout
