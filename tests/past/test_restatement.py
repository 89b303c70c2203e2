"""One figure is changed by all four causes at once, through real deliveries, builds and the command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import complaints
import psycopg
import pytest
from complaints import COMPLAINT, changes, publish, quiet

from kvalitet.errors import KvalitetError
from kvalitet.past.restatement import CAUSES, restate
from kvalitet.settings import AUDITOR, GATE, LOADER, PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow

REALITET, DIRECTOR = {"Klagetype": "realitet"}, {"Modtager": "direktoer"}
YEAR_BEFORE = {"Modtaget": "2022-05-02T09:15:00"}
ANSWERED = {"Besvaret": "2023-05-10T12:00:00"}
#: name -> (how many, as first delivered or None, as delivered the day after or None)
GROUPS: dict[str, tuple[int, dict | None, dict | None]] = {
    "answered meanwhile": (10, {}, ANSWERED),
    "unchanged": (10, {}, {}),
    "to the director": (5, DIRECTOR, DIRECTOR),
    "reclassified away": (6, {}, REALITET),
    "reclassified hither": (10, REALITET, {}),
    "of the year before": (4, {}, YEAR_BEFORE),
    "withdrawn": (3, {}, None),
    "new": (8, None, {}),
    "both at once": (2, REALITET, YEAR_BEFORE),
    "to the director, reclassified away": (1, DIRECTOR, DIRECTOR | REALITET),
    "about decisions": (30, REALITET, REALITET),
    "year before": (7, YEAR_BEFORE, YEAR_BEFORE),
}


def deliver(settings: Settings, night: int) -> None:
    """Deliver the groups as they were on the first or the second day."""
    rows = []
    for group, (count, *versions) in enumerate(GROUPS.values(), start=1):
        version = versions[night - 1]
        if version is not None:
            rows += [COMPLAINT | version | {"Sagsnummer": f"2023 - {group:02d}{n:03d}"} for n in range(count)]
    complaints.deliver(settings, night, rows)


@pytest.fixture
def two_publications(settings: Settings, admin_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first publication uses a definition that left out complaints to the director. The second uses today's."""
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    before = tmp_path / "before"
    shutil.copytree(settings.dbt_dir, before / "dbt_project", ignore=shutil.ignore_patterns("target"))
    for folder in ("expectations", "example"):
        (before / folder).symlink_to(settings.root / folder)
    model = before / "dbt_project/models/staging/bif_complaints/stg_bif_complaints__complaints.sql"
    model.write_text(f"{model.read_text()}where received_by <> 'direktoer'\n")
    deliver(settings, 1)
    monkeypatch.setenv("KVALITET_CODE_VERSION", "before")
    publish(replace(settings, root=before), admin_url, 1)
    deliver(settings, 2)
    monkeypatch.setenv("KVALITET_CODE_VERSION", "now")
    publish(settings, admin_url, 2)


def command(settings: Settings) -> list[str]:
    environment = {
        "KVALITET_VAR": str(settings.var),
        "KVALITET_INBOX": settings.inbox,
        "KVALITET_DATABASE_URL": f"postgresql://{settings.server}/{settings.database}",
    }
    return ["env", *(f"{name}={value}" for name, value in environment.items()), sys.executable, "-m", "kvalitet"]


def kill_midway(settings: Settings) -> None:
    """Start the command, and kill it and all its processes while its first step is being built."""
    process = subprocess.Popen(
        [*command(settings), "restatement", "1", "2"],
        cwd=settings.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    query = "select from audit.build where kind = 'rebuild' and status = 'building'"
    deadline = time.monotonic() + 60
    while not fetch_all(settings, AUDITOR, query):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.2)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_parts_of_causes_add_up(settings, two_publications, monkeypatch):
    """Complaints about handling received in 2023.

    Publication 1 says 20 unchanged or answered meanwhile + 6 + 4 + 3 = 33, without the director's 5 + 1. Then come
    definition +6 (39), reclassification -6 +10 +2 -1 = +5 (44), correction -4 -3 -2 = -9 (35) and late data +8 (43).
    Publication 2 says 20 + 5 + 10 + 8 = 43.

    All complaints of 2023 are past their deadline: 33 + 42 about decisions = 75, then 81, 81, 72, 80. At first none was
    answered in time. The late data show that 10 of the 80 were.
    """
    monkeypatch.setenv("KVALITET_CODE_VERSION", "later")
    with pytest.raises(KvalitetError, match=r"built by code version now; later is running.*git worktree add"):
        restate(settings, 1, 2, quiet)
    monkeypatch.setenv("KVALITET_CODE_VERSION", "now")
    with pytest.raises(KvalitetError, match="There is no publication 3"):
        restate(settings, 1, 3, quiet)

    kill_midway(settings)
    assert fetch_all(settings, AUDITOR, "select from audit.restatement") == []
    found = restate(settings, 1, 2, quiet)

    counts = {name: found.summary[f"rows_{name}"] for name in ("reclassified", "corrected", "withdrawn", "completed")}
    assert counts == {"reclassified": 19, "corrected": 6, "withdrawn": 3 + 3, "completed": 10}  # with their points
    assert found.summary["rows_new"] == 8 + 8
    assert changes(found, "klager_formalitet", "value") == (33, 6, 5, -9, 8, 43)
    share = "klager_besvaret_inden_frist_pct"
    assert changes(found, share, "denominator") == (75, 6, 0, -9, 8, 80)
    assert changes(found, share, "numerator") == (0, 0, 0, 0, 10, 10)
    assert changes(found, share, "value") == (0, 0, 0, 0, Decimal("12.5"), Decimal("12.5"))

    split = [row for row in found.figures if row["status"] == "split"]
    assert split
    for row in split:
        assert row["value_from"] + sum(row[f"{cause}_change"] for cause in CAUSES) == row["value_to"], row
    assert fetch_all(settings, TRANSFORMER, "select to_regnamespace('restated_1_2') as place") == [{"place": None}]
    again = subprocess.run([*command(settings), "restatement", "1", "2"], capture_output=True, text=True, check=True)
    assert "19 reclassified, 6 corrected, 6 withdrawn, 10 completed, 16 new" in " ".join(again.stdout.split())
    said = json.loads(
        subprocess.run(
            [*command(settings), "figures", "--publication", "1", "--json"], capture_output=True, check=True
        ).stdout
    )
    assert (said["code_version"], said["as_of_date"], said["differs_in"]) == ("before", "2025-01-02", None)
    assert [row["source_id"] for row in said["rests_on"]] == ["bif_complaints", "organisation"]
    assert {row["cutoff_date"] for row in said["rests_on"]} == {"2025-01-02"}
    assert "audit_remarks" in said["without"]
    assert said["figures"]
    assert restate(settings, 1, 2, quiet) == found
    for role in (LOADER, TRANSFORMER, GATE, PUBLISHER, AUDITOR):
        for change in ("delete from audit.restatement_figure", "update audit.restatement_figure set value_to = 0"):
            with connect(settings, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change)  # type: ignore[arg-type]
