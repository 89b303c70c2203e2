"""The note of the server's address holds only for its own run folder, and a damaged note does not count."""

import shutil
from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.server_note import NOT_STARTED, note_address, noted_address
from kvalitet.warehouse.connection import connect


@pytest.fixture
def var(tmp_path: Path) -> Path:
    note_address(tmp_path / "var", "127.0.0.1:20001")
    return tmp_path / "var"


def test_noted_address_is_read_and_replaced(var: Path) -> None:
    assert noted_address(var) == "127.0.0.1:20001"
    note_address(var, "127.0.0.1:20002")
    assert noted_address(var) == "127.0.0.1:20002"
    assert [file.name for file in (var / "run").iterdir()] == ["postgres.address"]


def test_note_of_copied_folder_is_ignored(var: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(var, copy)
    assert noted_address(copy) == NOT_STARTED
    note_address(copy, "127.0.0.1:20002")
    assert (noted_address(copy), noted_address(var)) == ("127.0.0.1:20002", "127.0.0.1:20001")


def test_note_of_moved_run_folder_holds(var: Path, tmp_path: Path) -> None:
    assert noted_address(var.rename(tmp_path / "moved")) == "127.0.0.1:20001"


def test_note_of_earlier_version_holds(var: Path) -> None:
    (var / "run" / "postgres.address").write_text("127.0.0.1:20003\n")
    assert noted_address(var) == "127.0.0.1:20003"


DAMAGED = [
    b"", b"\n", b"127.0.0.1", b"127.0.0.1:", b"127.0.0.1:x", b"127.0.0.1:-1", b"127.0.0.1:99999", b":20001",
    b"\xff\xfe\x00", b"127.0.0.1:\xc2\xb2", b"127.0.0.1:20001\n/" + b"x" * 5000,
    b"elsewhere.example:5432\n", b"127.0.0.1:" + b"9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_note_advises_up(var: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (var / "run" / "postgres.address").write_bytes(content)
    monkeypatch.setenv("KVALITET_VAR", str(var))
    settings = Settings.from_environment()
    assert settings.server == NOT_STARTED
    (var / "secrets").mkdir()
    (var / "secrets" / "kvalitet_auditor").write_text("any")
    with pytest.raises(KvalitetError) as error, connect(settings, "kvalitet_auditor"):
        pass
    assert "kvalitet up" in error.value.remedy


def test_folder_in_place_of_note_is_none(var: Path) -> None:
    (var / "run" / "postgres.address").unlink()
    (var / "run" / "postgres.address").mkdir()
    assert noted_address(var) == NOT_STARTED
