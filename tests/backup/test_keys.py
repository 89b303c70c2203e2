"""Keys: those in place are never lost, and what is no key is refused by name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from installations import Installation

from kvalitet.backup import back_up, restore

New = Callable[[], Installation]


@pytest.mark.slow
def test_keys_in_place_are_set_aside_and_said(small: Installation, empty: New, tmp_path: Path) -> None:
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
