"""Where the contract reads a value differently, the change is one of definition, whatever else the source changed."""

import shutil
from pathlib import Path

import pytest
from complaints import COMPLAINT, changes, deliver, publish, quiet

from kvalitet.past.restatement import restate
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow

IN_MAY = [COMPLAINT | {"Sagsnummer": f"2023 - 01{n:03d}"} for n in range(20)]
NEW_YEAR = [COMPLAINT | {"Sagsnummer": f"2023 - 02{n:03d}", "Modtaget": "2022-12-31T23:30:00"} for n in range(12)]
COPENHAGEN = "{property: timezone, value: Europe/Copenhagen}"
UTC = "{property: timezone, value: UTC}"


@pytest.fixture
def contract(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The complaints' contract, which the test may change."""
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    monkeypatch.setenv("KVALITET_CODE_VERSION", "same")
    monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path / "contracts"))
    shutil.copytree(settings.root / "example" / "administration" / "contracts", tmp_path / "contracts")
    return tmp_path / "contracts" / "bif_complaints.odcs.yaml"


def change(contract: Path, before: str, after: str) -> None:
    text = contract.read_text(encoding="utf-8")
    assert text.count(before) == 1
    contract.write_text(text.replace(before, after), encoding="utf-8")


def test_rereading_counts_as_definition(settings, admin_url, contract: Path):
    """Complaints about handling received in 2023.

    Publication 1 has the 20 of May. After it the clock of the files is read as UTC, which moves 12 of New Year's Eve
    into 2023. The source moves 2 of May to the year before and has 3 new ones: 20 + 12 - 2 + 3 = 33.

    Publication 3 has a new column, by which 10 of the 18 of May were answered in time, and 4 new complaints. Of 33 past
    their deadline none was answered in time, then 10 of 33, then 10 of 37.
    """
    begin = (text := contract.read_text(encoding="utf-8")).index("      - name: answered_at\n")
    answered = text[begin : text.index("      - name: decided_at\n")]
    change(contract, answered, "")
    deliver(settings, 1, IN_MAY + NEW_YEAR, without=("Besvaret",))
    publish(settings, admin_url, 1)

    change(contract, COPENHAGEN, UTC)
    moved = [row | {"Modtaget": "2022-05-02T09:15:00"} for row in IN_MAY[:2]]
    new = [COMPLAINT | {"Sagsnummer": f"2023 - 03{n:03d}"} for n in range(3)]
    second = moved + IN_MAY[2:] + NEW_YEAR + new
    deliver(settings, 2, second, without=("Besvaret",))
    publish(settings, admin_url, 2)

    change(contract, "      - name: decided_at\n", f"{answered}      - name: decided_at\n")
    in_time = [row | {"Besvaret": "2023-05-10T12:00:00"} for row in second[2:12]]
    newer = [COMPLAINT | {"Sagsnummer": f"2023 - 04{n:03d}"} for n in range(4)]
    deliver(settings, 3, second[:2] + in_time + second[12:] + newer)
    publish(settings, admin_url, 3)

    read_otherwise = restate(settings, 1, 2, quiet)
    assert changes(read_otherwise, "klager_formalitet", "value") == (20, 12, 0, -2, 3, 33)
    counts = {name: read_otherwise.summary[f"rows_{name}"] for name in ("reread", "corrected", "new", "completed")}
    assert counts == {"reread": 32, "corrected": 2, "new": 3 + 3, "completed": 0}  # with the points of the new ones

    gained = restate(settings, 2, 3, quiet)
    share = "klager_besvaret_inden_frist_pct"
    assert changes(gained, share, "numerator") == (0, 10, 0, 0, 0, 10)
    assert changes(gained, share, "denominator") == (33, 0, 0, 0, 4, 37)
    assert (gained.summary["rows_corrected"], gained.summary["rows_completed"]) == (0, 0)
