"""dbt's sources are those of the contracts."""

from pathlib import Path

import pytest

from kvalitet.contracts.staging import dbt_files
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_sources_match_the_contracts() -> None:
    """If this fails, run dbt_project/scripts/make_sources.py."""
    files = dbt_files(Settings(ROOT, ROOT, "", "", ""))
    assert {path.name for path, text in files.items() if path.read_text("utf-8") != text} == set()


def test_unusable_contract_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "klager.odcs.yaml").write_text("kind: DataContract")
    monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path))
    with pytest.raises(KvalitetError, match="contracts cannot be used: klager"):
        dbt_files(Settings(ROOT, tmp_path, "", "", ""))
