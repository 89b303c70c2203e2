"""dbt's sources are those of the contracts."""

from pathlib import Path
from types import ModuleType

import pytest
from scripts_of_dbt import load_script

from kvalitet.settings import Settings

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


@pytest.fixture(scope="module")
def make_sources() -> ModuleType:
    return load_script("make_sources")


def test_sources_and_staged_columns_are_those_of_the_contracts(make_sources: ModuleType) -> None:
    """If this fails, run dbt_project/scripts/make_sources.py."""
    settings = Settings(PROJECT.parent, PROJECT, "", "", "")
    assert {
        path.name for path, text in make_sources.files(settings).items() if path.read_text("utf-8") != text
    } == set()


def test_nothing_is_written_from_a_contract_that_cannot_be_used(
    make_sources: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "klager.odcs.yaml").write_text("kind: DataContract")
    monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path))
    with pytest.raises(SystemExit, match="see `kvalitet contract` for klager"):
        make_sources.files(Settings(PROJECT.parent, tmp_path, "", "", ""))
