"""The synthetic star of the publication tests, and short grace periods."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "publication"))


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_READER_GRACE_SECONDS", "5")
