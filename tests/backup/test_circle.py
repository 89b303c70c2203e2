"""From a small installation into an empty one: everything comes back, and what is undone is named."""

from pathlib import Path

import psycopg
import pytest
from conftest import PERSON, Installation

from kvalitet.backup import back_up, restore
from kvalitet.evidence.verify import verify


@pytest.mark.slow
def test_backup_restored_into_an_empty_installation_is_the_same(small, empty, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys", print)
    assert made.kept_files == 4
    assert made.missing == ()
    target = empty()
    restored = restore(target.settings, made.path, tmp_path / "keys", "test", print)
    assert restored.verification.faults == []
    print(restored)
