"""A backup that is damaged, cut off or another installation's is refused before anything is touched."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from installations import Installation, database_is_there

from kvalitet.backup import back_up, folder, restore
from kvalitet.backup.making import KIND
from kvalitet.errors import KvalitetError

pytestmark = pytest.mark.slow


@pytest.fixture
def made(small: Installation, tmp_path: Path) -> Path:
    return back_up(small.settings, tmp_path / "backups", tmp_path / "keys").path


def rewrite_manifest(path: Path, **changes: object) -> None:
    """Change entries of the manifest and its digest, as another version or program would have written them."""
    manifest = json.loads((path / folder.MANIFEST).read_text()) | changes
    (path / folder.MANIFEST).unlink()
    (path / folder.DIGEST).unlink()
    for file in manifest.pop("files"):
        assert (path / file).is_file()
    facts = {key: value for key, value in manifest.items() if key not in ("made_by", "kind", "format")}
    folder.finish(path, str(manifest["kind"]), facts)
    text = json.loads((path / folder.MANIFEST).read_text()) | changes
    content = json.dumps(text).encode()
    (path / folder.MANIFEST).write_bytes(content)
    (path / folder.DIGEST).write_text(f"{hashlib.sha256(content).hexdigest()}  {folder.MANIFEST}\n")


def test_flipped_bit_or_cut_in_any_file_is_found(made: Path) -> None:
    files = sorted(path for path in made.rglob("*") if path.is_file())
    assert len(files) >= 8
    tried = set()

    @budget(max_examples=200, deadline=None)
    @given(data=st.data())
    def spoil(data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(files))
        whole = file.read_bytes()
        place = data.draw(st.integers(0, len(whole) - 1))
        if data.draw(st.booleans()):
            bit = data.draw(st.integers(0, 7))
            spoilt = whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :]
        else:
            spoilt = whole[:place]
        file.write_bytes(spoilt)
        try:
            with pytest.raises(KvalitetError, match="is damaged: "):
                folder.read(made, KIND)
        finally:
            file.write_bytes(whole)
        tried.add(file)

    spoil()
    assert tried == set(files)
    assert folder.read(made, KIND).manifest["kept_files"] == 4


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: (path / "warehouse.dump").unlink(), "warehouse.dump is missing"),
        (lambda path: (path / "warehouse.dump").write_bytes(b""), "warehouse.dump has 0 bytes instead of"),
        (lambda path: (path / "more.dump").write_text("x"), "more.dump is not in its manifest"),
        (lambda path: (path / ".writing").write_text(""), ".writing is not in its manifest"),
        (lambda path: shutil.rmtree(path / "landing"), r"landing/.* is missing, and 3 more"),
        (lambda path: (path / folder.DIGEST).unlink(), "do not belong together"),
        (lambda path: (path / folder.MANIFEST).unlink(), "is no backup of Kvalitet: it has no manifest.json"),
        (lambda path: _link(path / "warehouse.dump"), "warehouse.dump is no file"),
        (lambda path: rewrite_manifest(path, format=2), r"has format 2; this code reads up to 1\."),
        (lambda path: rewrite_manifest(path, made_by="pgbackrest"), "was written by something else"),
        (lambda path: rewrite_manifest(path, kind="keys"), "holds keys, not data"),
    ],
)
def test_fault_is_named_and_nothing_is_made(
    made: Path, empty: Callable[[], Installation], spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    spoil(made)
    target = empty()
    with pytest.raises(KvalitetError, match=said):
        restore(target.settings, made, tmp_path / "keys", "test")
    assert not database_is_there(target)
    assert not target.settings.var.exists()


def _link(path: Path) -> None:
    """Replace the file with a link to the same bytes, which may change later."""
    outside = path.parent.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def test_changed_keys_are_refused(made: Path, empty: Callable[[], Installation], tmp_path: Path) -> None:
    keys = next((tmp_path / "keys").iterdir())
    (keys / "landing.key").write_text("AGE-SECRET-KEY-1")
    with pytest.raises(KvalitetError, match=r"landing\.key has 16 bytes instead of"):
        restore(empty().settings, made, keys, "test")


def test_broken_off_backup_is_refused(made: Path, empty: Callable[[], Installation], tmp_path: Path) -> None:
    partial = made.rename(made.with_name(made.name + ".partial"))
    with pytest.raises(KvalitetError, match="was never finished: the backup was broken off"):
        restore(empty().settings, partial, tmp_path / "keys", "test")


def test_any_other_folder_is_no_backup(empty: Callable[[], Installation], tmp_path: Path) -> None:
    for place in (tmp_path / "nothing", tmp_path):
        with pytest.raises(KvalitetError, match="is no backup of Kvalitet"):
            restore(empty().settings, place, None, "test")
