"""Keys: existing keys are never lost, and a file that is no key is refused by name."""

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from installations import Installation

from kvalitet.backup import back_up, folder, keys, restore
from kvalitet.backup.programs import programs_for, run
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.warehouse import server

New = Callable[[], Installation]


@pytest.mark.slow
def test_replaced_keys_are_set_aside_and_said(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    for name in ("pseudonym.key", "landing.key"):
        (target.secrets / name).write_text(f"own {name}")
    said: list[str] = []
    restore(target.settings, made.path, tmp_path / "keys", "test", said.append)
    for name in ("pseudonym.key", "landing.key"):
        assert (target.secrets / name).read_text() == (small.secrets / name).read_text()
        (aside,) = target.secrets.glob(f"{name}.of-*")
        assert aside.read_text() == f"own {name}"
        assert aside.stat().st_mode & 0o777 == 0o600
        assert any(aside.name in line for line in said)
    assert not list(target.secrets.glob("certificate.key.of-*"))


def made_keys(parent: Path, name: str, hour: int, **left_out: None) -> Path:
    facts = {"installation": "one", "made_at": datetime(2025, 1, 2, hour, tzinfo=UTC).isoformat()}
    with folder.writing(parent, name) as partial:
        folder.finish(partial, keys.KIND, {key: value for key, value in facts.items() if key not in left_out})
    return parent / name


def test_newest_keys_go_by_time_not_name(tmp_path: Path) -> None:
    made_keys(tmp_path, "kvalitet-keys-from-the-safe", 4)
    newest = made_keys(tmp_path, "kvalitet-keys-20250102T050000Z", 5)
    (tmp_path / "kvalitet-keys-z.tar").write_text("no folder")
    assert keys.newest_keys(tmp_path).path == newest


def test_manifest_field_missing_is_named(tmp_path: Path) -> None:
    made = made_keys(tmp_path, "kvalitet-keys-1", 4, made_at=None)
    with pytest.raises(KvalitetError, match=r"is damaged: manifest\.json lacks made_at"):
        folder.read(made, keys.KIND)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of a user who is not root. The test runs as that user, since root may read everything."""
    with tempfile.TemporaryDirectory() as path:
        if os.geteuid() != 0:
            yield Path(path)
            return
        os.chown(path, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(path)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("closed", ["manifest.json", "sub", "sub/file", "."])
def test_denied_permission_to_read_is_said(nobody: Path, closed: str) -> None:
    with folder.writing(nobody, "kvalitet-keys-1") as partial:
        (partial / "sub").mkdir()
        (partial / "sub" / "file").write_text("x")
        folder.finish(partial, keys.KIND, {"installation": "one", "made_at": datetime.now(UTC).isoformat()})
    made = nobody / "kvalitet-keys-1"
    (made / closed).chmod(0)
    try:
        with pytest.raises(KvalitetError, match=r"cannot be read: .*\(Permission denied\)"):
            folder.read(made, keys.KIND)
    finally:
        (made / closed).chmod(0o700)


@pytest.mark.parametrize("content", [b"\xff\x00\xfe", b"no hex at all"])
def test_invalid_pseudonym_key_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    file = tmp_path / "pseudonym.key"
    file.write_bytes(content)
    monkeypatch.setenv("KVALITET_PSEUDONYM_KEY_FILE", str(file))
    settings = Settings(root=tmp_path, var=tmp_path, inbox="", server="127.0.0.1:0", database="none")
    with pytest.raises(KvalitetError, match="cannot be read as lines of hexadecimal digits") as refused:
        settings.pseudonym_keys()
    assert "hex at all" not in str(refused.value)


@pytest.mark.slow
def test_binary_files_as_keys_are_refused(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    public = (small.secrets / "landing.pub").read_bytes()
    (small.secrets / "landing.pub").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(KvalitetError, match=r"landing\.pub cannot be read: it is no text"):
        back_up(small.settings, tmp_path / "again")
    (small.secrets / "landing.pub").write_bytes(public)
    for name in ("landing.pub", "landing.key", "certificate.pub", "certificate.key", "airflow_fernet"):
        target = empty()
        for key in ("pseudonym.key", "landing.pub", "landing.key", "certificate.pub", "certificate.key"):
            (target.secrets / key).write_bytes((small.secrets / key).read_bytes())
        (target.secrets / name).write_bytes(b"\xff\x00\xfe")
        with pytest.raises(KvalitetError, match=rf"{name} cannot be read: it is no text"):
            restore(target.settings, made.path, None, "test")


def test_programs_read_password_from_pgpassfile(
    warehouse_server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.admin_url(warehouse_server)
    user, password = url.removeprefix("postgresql://").partition("@")[0].split(":")
    file = tmp_path / "passwords"
    file.write_text(f"*:*:*:*:{password}\n")
    file.chmod(0o600)
    bare = url.replace(f"{user}:{password}@", f"{user}@")
    query = ["--no-psqlrc", "--tuples-only", "--command=select 6 * 7"]
    with pytest.raises(KvalitetError, match="psql ended"):
        run(programs_for(18), "psql", query, bare)
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert run(programs_for(18), "psql", query, bare).strip() == "42"
