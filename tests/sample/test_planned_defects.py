"""The contracts catch every planned defect, each as often as planned, and nothing else."""

from collections import Counter
from pathlib import Path

import pytest
from kvalitet_example import Truth, truth

from kvalitet.contracts import load_contracts
from kvalitet.intake.deliveries import look
from kvalitet.intake.reading import reading
from kvalitet.intake.spool import spooled
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "example" / "administration" / "contracts"
SOURCES = sorted(file.name.partition(".")[0] for file in CONTRACTS.glob("*.odcs.yaml"))


@pytest.fixture
def reader(inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    return Settings(root=ROOT, var=tmp_path, inbox=f"file://{inbox}", server="", database="")


@pytest.mark.parametrize("source", SOURCES)
def test_contract_catches_what_was_planned(
    source: str, reader: Settings, expected: dict[int, Truth], tmp_path: Path
) -> None:
    contract = load_contracts(reader)[source]
    for night, delivery in enumerate(look(reader, contract).deliveries, 1):
        told = expected[night]
        assert delivery.cutoff == told.cutoff and not delivery.absent
        with spooled(reader, contract, delivery) as files:
            for name, table in contract.tables.items():
                with reading(contract, table, files[name], (b"k" * 32,), tmp_path, delivery.cutoff) as open_table:
                    rows = [row for batch in open_table.batches for row in batch.column("problems").to_pylist()]
                    assert len(open_table.broken) == 0
                assert len(rows) == told.delivered[source, name]
                # The plan names only the first rule that a row breaks. Doubled keys show only in the warehouse.
                found = Counter(problems.split(";")[0] for problems in rows if problems)
                planned = {
                    f"{defect.column}:{defect.rule}": defect.rows
                    for defect in told.defects
                    if (defect.source, defect.table) == (source, name) and defect.rule != "duplicate_key"
                }
                assert found == planned
                percent = 100 * told.rejected(source, name) / len(rows)
                assert percent <= contract.max_rejected_percent


def test_smallest_sample_has_every_defect() -> None:
    told = truth(2, complaints=1000)
    kinds = {defect.rule for defect in told.defects if defect.source == "bif_complaints" and defect.rows}
    assert kinds == {
        "date_impossible", "date_format", "local_time_nonexistent", "local_time_ambiguous", "unknown_value",
        "boolean_format", "cpr_in_text", "formula", "too_long", "cpr_invalid", "required", "pattern", "duplicate_key",
    }  # fmt: skip
    assert told.rejected("bif_complaints", "complaints") <= 0.02 * told.delivered["bif_complaints", "complaints"]
