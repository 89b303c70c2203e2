"""The runbook's advice, followed on whole nights. Each way back ends with a correct publication.

The tests share one warehouse and continue from one another in this order, because a night takes time.
"""

import csv
import io
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from kvalitet_example import generate
from tenacity import wait_none

from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.intake.withdrawal import withdraw
from kvalitet.nights.night import NightResult, run_night
from kvalitet.publication import figures
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
COMPLAINTS = 2000
SOURCE = "bif_complaints"


@pytest.fixture(scope="module")
def settings(
    new_warehouse: Callable[[Path], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A warehouse with its first night published, and its own copy of the contracts."""
    folder = tmp_path_factory.mktemp("way_back")
    with new_warehouse(folder) as fresh, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")
        environment.setenv("KVALITET_CODE_VERSION", "test")
        environment.setenv("KVALITET_CONTRACTS", str(folder / "contracts"))
        environment.setenv("KVALITET_FIGURE_PAGES", "1")
        shutil.copytree(fresh.root / "example" / "administration" / "contracts", folder / "contracts")
        deliver(fresh, 1)
        published(run_night(fresh), 1)
        yield fresh


def inbox(settings: Settings) -> Path:
    return Path(settings.inbox.removeprefix("file://"))


def deliver(settings: Settings, night: int) -> None:
    generate(inbox(settings), night=night, complaints=COMPLAINTS)


def published(night: NightResult, publication: int) -> None:
    assert (night.publication_id, night.failed_critical) == (publication, []), night


def as_of(settings: Settings) -> date:
    return fetch_all(settings, AUDITOR, "select as_of_date from reporting.publication")[0]["as_of_date"]


def newest_publication(settings: Settings) -> int:
    return fetch_all(settings, AUDITOR, "select publication_id from reporting.publication")[0]["publication_id"]


def stale(night: NightResult) -> dict[str, str]:
    return {source.source_id: source.stale_reason for source in night.sources if source.stale_reason}


def loads(settings: Settings, source: str = SOURCE) -> list[dict]:
    query = "select * from audit.load where source_id = %(source)s order by load_id"
    return fetch_all(settings, AUDITOR, query, {"source": source})


def values(settings: Settings, publication: int) -> list[tuple]:
    """The place and value of every figure, without its publication and its age."""
    return [
        (row["indicator_id"], row["period_label"], row["breakdown_kind"], row["breakdown_member"], row["value"])
        for row in figures(settings, publication)
    ]


def rewrite(file: Path, change: Callable[[int, dict[str, str]], dict[str, str] | None]) -> None:
    """Rewrite a delivered CSV file with the rows that `change` returns. A row for which it returns None is left out."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(kept for number, row in enumerate(rows) if (kept := change(number, row)))
    file.write_text(out.getvalue(), encoding="utf-8", newline="")


def command(settings: Settings, *words: str, largest_file: int | None = None, **environment: str):
    """`kvalitet …` in its own process, in which no file may become larger than `largest_file` bytes."""

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [sys.executable, "-m", "kvalitet", *words],
        env=os.environ
        | {
            "KVALITET_VAR": str(settings.var),
            "KVALITET_INBOX": settings.inbox,
            "KVALITET_DATABASE_URL": f"postgresql://{settings.server}/{settings.database}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "1000",
        }
        | environment,
        preexec_fn=limit, text=True, capture_output=True, check=False,
    )  # fmt: skip


def test_full_disk_leaves_nothing_half_done(settings: Settings):
    deliver(settings, 2)
    before = loads(settings)
    told = command(settings, "extract", SOURCE, largest_file=100_000)
    assert (told.returncode, "Traceback" in told.stderr + told.stdout) == (1, False), told.stderr
    assert "The disk takes no more" in told.stderr and "Make space there" in told.stderr
    assert loads(settings) == before
    assert list((settings.var / "spool").iterdir()) == []


def test_empty_password_file_is_named(settings: Settings, tmp_path: Path):
    empty = tmp_path / "loader"
    empty.touch()
    told = command(settings, "extract", SOURCE, KVALITET_PASSWORD_FILE_LOADER=str(empty))
    assert (told.returncode, "Traceback" in told.stderr + told.stdout) == (1, False), told.stderr
    assert f"The secret {empty} is empty." in told.stderr


def test_withdrawal_brings_old_figures_back(settings: Settings):
    """A delivery that changes every case and moves thirty of them into a new year is published and then withdrawn."""
    deliver(settings, 2)
    for path in inbox(settings).glob("*/*2025-01-03*"):
        if path.parent.name != SOURCE:
            path.unlink()
    rewrite(inbox(settings) / SOURCE / "klager_2025-01-03.csv", _spoilt)
    extract(settings, SOURCE, allow_changes=("A. Hansen", "let in by mistake"))
    published(run_night(settings), 2)
    assert values(settings, 2) != values(settings, 1)
    done = withdraw(settings, loads(settings)[-1]["load_id"], "the case codes of another system", "A. Hansen")
    night = run_night(settings)
    published(night, 3)
    assert stale(night) == {SOURCE: "the newest delivery was withdrawn"}
    assert values(settings, 3) == values(settings, 1)
    query = "select * from audit.load_table where load_id = %(load)s and table_name = 'complaints'"
    (account,) = fetch_all(settings, AUDITOR, query, {"load": done.restored_by})
    assert (account["rows_changed"] > 1900, account["rows_opened"] < 20, account["rows_closed"] < 20) == (True,) * 3


def _spoilt(number: int, row: dict[str, str]) -> dict[str, str]:
    year = {"Modtaget": row["Modtaget"].replace("2019", "2018", 1)} if number < 30 else {}
    return row | {"KLE": "32.99.99"} | year


def test_file_replaces_api_that_is_down(settings: Settings):
    """First the last good data are used and marked as stale. Then a file is read in place of the API's answer."""
    source, before = "jobindsats", newest_publication(settings)
    deliver(settings, 2)
    with pytest.MonkeyPatch.context() as api:
        api.setenv("KVALITET_SERVER_JOBINDSATS", "api")
        api.setenv("KVALITET_URL_JOBINDSATS", "http://127.0.0.1:9/v2/")
        api.setenv("KVALITET_TOKEN_JOBINDSATS", "not-asked-for")
        api.setattr("kvalitet.intake.api.WAIT", wait_none())
        night = run_night(settings)
        published(night, before + 1)
        assert stale(night)[source] == "last attempt: missing"
    (file,) = (inbox(settings) / source).glob("*_2025-01-02.json")
    shutil.copy(file, file.with_name(file.name.replace("2025-01-02", "2025-01-03")))
    night = run_night(settings)
    published(night, before + 2)
    assert source not in stale(night)
    assert loads(settings, source)[-1]["delivery"] == "2025-01-03"


def test_one_night_mends_four_faults(settings: Settings):
    """A night with four faults, each of which is put right.

    The year 2052 was typed for 2025, as in a night that was published as of 2052. The corrected file has the cut-off of
    the withdrawn one. A file with another mistyped year and one of 30 February stay in the inbox. A delivery that a
    wrong contract refused is replayed. A delivery with new numbers for all cases is refused, and the right one is
    accepted.
    """
    folder = inbox(settings) / SOURCE
    deliver(settings, 2)  # it overwrites the wrong delivery
    deliver(settings, 3)
    rename(folder, "2025-01-04", "2052-01-04")
    (folder / "klager_2025-02-30.csv").write_text("x")
    for table in ("klager", "klagepunkter"):
        shutil.copy(folder / f"{table}_2025-01-03.csv", folder / f"{table}_2025-12-03.csv")
    with pytest.raises(DeliveryRefused, match="Delivery 2052-01-04 states a cut-off later than today"):
        extract(settings, SOURCE)
    rename(folder, "2052-01-04", "2025-01-04")
    mend_a_contract_and_replay(settings)
    renumber(settings)
    before, night = newest_publication(settings), run_night(settings)
    published(night, before + 1)
    assert (as_of(settings), stale(night)) == (date(2025, 1, 4), {})
    (taken,) = [source for source in night.sources if source.source_id == SOURCE]
    assert "1 file is named almost like klager_{cutoff}.csv" in taken.message
    assert "Delivery 2025-12-03 states a cut-off more than 31 days" in taken.message
    assert [load["delivery"] for load in loads(settings) if load["outcome"] == "accepted"][-2:] == [
        "2025-01-03",
        "2025-01-04",
    ]
    assert extract(settings, SOURCE).outcome == "nothing_new"


def rename(folder: Path, before: str, after: str) -> None:
    for file in folder.glob(f"*{before}*"):
        file.rename(file.with_name(file.name.replace(before, after)))


def mend_a_contract_and_replay(settings: Settings) -> None:
    contract = settings.contracts_dir / "appeal_cases.odcs.yaml"
    right = contract.read_text(encoding="utf-8")
    wrong = right.replace("physicalName: Modtaget i Ankestyrelsen", "physicalName: Modtaget den")
    assert wrong != right
    contract.write_text(wrong, encoding="utf-8")
    with pytest.raises(DeliveryRefused, match="missing: Modtaget den"):
        extract(settings, "appeal_cases")
    contract.write_text(right, encoding="utf-8")
    refused = loads(settings, "appeal_cases")[-1]
    assert refused["outcome"] == "refused"
    assert replay(settings, refused["load_id"]).outcome == "accepted"


def renumber(settings: Settings) -> None:
    """The delivery is refused because every case seems to be gone. Then the right one is simply accepted."""
    source = "complaint_reassessments"
    (file,) = (inbox(settings) / source).glob("*2025-01-04*")
    right = file.read_bytes()
    file.write_bytes(re.sub(rb"\b20(1|2)", rb"30\1", right))
    with pytest.raises(DeliveryRefused):
        extract(settings, source)
    file.write_bytes(right)
    assert extract(settings, source).outcome == "accepted"


def test_broken_model_and_wrong_delivery_mended(settings: Settings, tmp_path: Path):
    """After each failed night the runbook is followed: correct what the message names, and build again."""
    before = newest_publication(settings)
    generate(inbox(settings), night=4, complaints=COMPLAINTS, corrupt="lost_centre")
    broken = with_a_broken_model(settings, tmp_path / "checkout")
    with pytest.raises(KvalitetError) as told:
        run_night(broken)
    assert re.search(r"Layer staging of build \d+: 1 of \d+ models failed: stg_organisation__units: ", str(told.value))
    (compiled,) = (settings.var / "dbt" / "target" / "run").rglob("stg_organisation__units.sql")
    assert "unit_number" in compiled.read_text(encoding="utf-8")
    assert newest_build(settings) == ("failed", str(told.value))

    held = run_night(settings)  # the model is corrected, but not yet the delivery
    assert (held.build_status, held.publication_id) == ("held_back", None)
    assert held.failed_critical and all(check["violations"] for check in held.failed_critical)
    assert (settings.site_dir / f"build-{held.build_id}" / "validering.html").is_file()
    assert newest_publication(settings) == before

    deliver(settings, 4)
    assert extract(settings, SOURCE).outcome == "accepted"
    published(run_night(settings), before + 1)
    assert as_of(settings) == date(2025, 1, 5)


def with_a_broken_model(settings: Settings, folder: Path) -> Settings:
    """The settings with a checkout in which a model selects a column that does not exist."""
    folder.mkdir()
    for entry in settings.root.iterdir():
        if entry.name != "dbt_project":
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(settings.dbt_dir, folder / "dbt_project")
    model = folder / "dbt_project" / "models" / "staging" / "organisation" / "stg_organisation__units.sql"
    right = model.read_text(encoding="utf-8")
    model.write_text(f"{right}where unit_number is not null\n", encoding="utf-8")
    return replace(settings, root=folder)


def newest_build(settings: Settings) -> tuple[str, str]:
    query = "select status, message from audit.build order by build_id desc limit 1"
    (row,) = fetch_all(settings, AUDITOR, query)
    return row["status"], row["message"]
