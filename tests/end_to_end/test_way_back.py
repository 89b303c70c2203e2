"""What the runbook advises, done on whole nights: each way back ends with a right publication.

The tests share one warehouse and go on from one another in this order, since a night is what takes time.
"""

import csv
import io
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.intake.withdrawal import withdraw
from kvalitet.night import NightResult, run_night
from kvalitet.publication import figures, rollback
from kvalitet.sample import generate
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
COMPLAINTS = 2000
SOURCE = "bif_complaints"


@pytest.fixture(scope="module")
def settings(
    new_warehouse: Callable[[Path], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A warehouse with its first night published, and contracts of its own."""
    folder = tmp_path_factory.mktemp("way_back")
    with new_warehouse(folder) as fresh, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")
        environment.setenv("KVALITET_CODE_VERSION", "test")
        environment.setenv("KVALITET_CONTRACTS", str(folder / "contracts"))
        environment.setenv("KVALITET_FIGURE_PAGES", "1")
        shutil.copytree(fresh.root / "expectations" / "contracts", folder / "contracts")
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


def stale(night: NightResult) -> dict[str, str]:
    return {source.source_id: source.stale_reason for source in night.sources if source.stale_reason}


def loads(settings: Settings, source: str = SOURCE) -> list[dict]:
    query = "select * from audit.load where source_id = %(source)s order by load_id"
    return fetch_all(settings, AUDITOR, query, {"source": source})


def values(settings: Settings, publication: int) -> list[tuple]:
    """Every figure's place and value; which publication said it and how old it was is left out."""
    return [
        (row["indicator_id"], row["period_label"], row["breakdown_kind"], row["breakdown_member"], row["value"])
        for row in figures(settings, publication)
    ]


def rewrite(file: Path, change: Callable[[int, dict[str, str]], dict[str, str] | None]) -> None:
    """Write a delivered CSV file anew, each row as `change` gives it; None leaves it out."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(kept for number, row in enumerate(rows) if (kept := change(number, row)))
    file.write_text(out.getvalue(), encoding="utf-8", newline="")


def command(settings: Settings, *words: str, largest_file: int | None = None, **environment: str):
    """`kvalitet …` as a process of its own, in which no file may become larger than `largest_file` bytes."""

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


def test_full_disk_is_named_and_nothing_is_half_done(settings: Settings):
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


def test_mistyped_year_is_refused_and_the_renamed_file_is_published(settings: Settings):
    """2052 for 2025, as in a night whose publication was as of 2052, and another file named with 30 February."""
    folder = inbox(settings) / SOURCE
    for table in ("klager", "klagepunkter"):
        (folder / f"{table}_2025-01-03.csv").rename(folder / f"{table}_2052-01-03.csv")
    (folder / "klager_2025-02-30.csv").write_text("x")
    with pytest.raises(DeliveryRefused, match="Delivery 2052-01-03 states a cut-off later than today"):
        extract(settings, SOURCE)
    for table in ("klager", "klagepunkter"):
        (folder / f"{table}_2052-01-03.csv").rename(folder / f"{table}_2025-01-03.csv")
    night = run_night(settings)
    published(night, 2)
    assert (as_of(settings), stale(night)) == (date(2025, 1, 3), {})
    (taken,) = [source for source in night.sources if source.source_id == SOURCE]
    assert "1 file is named almost like klager_{cutoff}.csv" in taken.message
    (folder / "klager_2025-02-30.csv").unlink()


def test_wrong_delivery_is_withdrawn_and_the_next_night_is_that_of_before(settings: Settings):
    """Every case changed, and thirty moved into a year that no right delivery knows: published, then taken back."""
    deliver(settings, 3)
    others = [path for path in inbox(settings).glob("*/*2025-01-04*") if path.parent.name != SOURCE]
    for path in others:
        path.unlink()
    rewrite(
        inbox(settings) / SOURCE / "klager_2025-01-04.csv",
        lambda number, row: (
            row
            | {"KLE": "32.99.99"}
            | ({"Modtaget": row["Modtaget"].replace("2019", "2018", 1)} if number < 30 else {})
        ),
    )
    published(run_night(settings), 3)
    assert values(settings, 3) != values(settings, 2)
    wrong = loads(settings)[-1]["load_id"]
    done = withdraw(settings, wrong, "the case codes of another system", "A. Hansen")
    night = run_night(settings)
    published(night, 4)
    assert stale(night) == {SOURCE: "the newest delivery was withdrawn"}
    assert values(settings, 4) == values(settings, 2)
    account = fetch_all(
        settings, AUDITOR, "select * from audit.load_table where load_id = %(load)s and table_name = 'complaints'",
        {"load": done.restored_by},
    )[0]  # fmt: skip
    assert (account["rows_changed"] > 1900, account["rows_opened"] < 20, account["rows_closed"] < 20) == (True,) * 3


def test_corrected_file_is_published_while_wrong_ones_lie_in_the_inbox_and_a_contract_is_mended(settings: Settings):
    """The corrected delivery has the cut-off of the withdrawn one. A file with a mistyped year lies there for good.
    A delivery that a wrong contract refused is replayed; one under new numbers is refused, and the right one let in."""
    deliver(settings, 3)  # over the wrong one
    folder = inbox(settings) / SOURCE
    for table in ("klager", "klagepunkter"):
        shutil.copy(folder / f"{table}_2025-01-03.csv", folder / f"{table}_2026-01-03.csv")
    _mend_a_contract_and_replay(settings)
    _renumber(settings)
    with pytest.raises(DeliveryRefused, match=r"2026-01-03 states a cut-off more than 31 days"):
        extract(settings, SOURCE)
    deliver(settings, 4)
    night = run_night(settings)
    published(night, 5)
    assert (as_of(settings), stale(night)) == (date(2025, 1, 5), {})
    assert extract(settings, SOURCE).outcome == "nothing_new"


def _mend_a_contract_and_replay(settings: Settings) -> None:
    contract = settings.contracts_dir / "appeal_cases.odcs.yaml"
    right = contract.read_text(encoding="utf-8")
    wrong = right.replace("value: utf-8", "value: iso-8859-1").replace("encoding: utf-8", "encoding: iso-8859-1")
    wrong = wrong.replace("physicalName: Modtaget i Ankestyrelsen", "physicalName: Modtaget den")
    assert wrong != right
    contract.write_text(wrong, encoding="utf-8")
    with pytest.raises(DeliveryRefused):
        extract(settings, "appeal_cases")
    contract.write_text(right, encoding="utf-8")
    refused = loads(settings, "appeal_cases")[-1]
    assert refused["outcome"] == "refused"
    assert replay(settings, refused["load_id"]).outcome == "accepted"


def _renumber(settings: Settings) -> None:
    """All cases under other numbers: refused, and nobody need do more than ask for the right delivery."""
    file = next((inbox(settings) / "complaint_reassessments").glob("*2025-01-04*"))
    right = file.read_bytes()
    file.write_bytes(right.replace(b"2024", b"3024").replace(b"2023", b"3023"))
    with pytest.raises(DeliveryRefused):
        extract(settings, "complaint_reassessments")
    file.write_bytes(right)
    assert extract(settings, "complaint_reassessments").outcome == "accepted"


def test_publication_before_is_a_command_away_and_the_night_after_goes_on(settings: Settings):
    assert rollback(settings, "try it").publication_id == 4
    with pytest.raises(KvalitetError):
        rollback(settings, "once more than there are")
    published(run_night(settings), 6)
