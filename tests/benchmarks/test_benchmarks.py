"""`python -m benchmarks` on a tiny municipality: it measures, keeps its results, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from kvalitet.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPLAINTS = 2000
sys.path.insert(0, str(ROOT))  # the benchmarks are not part of the package


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the benchmark makes its folders. The server's user cannot reach folders below pytest's own."""
    with tempfile.TemporaryDirectory(prefix="kvalitet-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def start(temporary: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--complaints", str(COMPLAINTS), *arguments],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def still_there(temporary: Path) -> list[str]:
    """Processes that still work in the benchmark's folders, and what is left of the folders."""
    left = [str(path) for path in temporary.iterdir()]
    for process in psutil.process_iter():
        try:
            if str(temporary) in " ".join([process.cwd(), *process.cmdline()]):
                left.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return left


def measured(temporary: Path, out: Path, part: str, *options: str) -> dict[tuple[str, str], float]:
    process = start(temporary, "--only", part, "--out", str(out), *options)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    assert still_there(temporary) == []
    (file,) = out.glob("????-??-??-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["options"] == {"complaints": COMPLAINTS, "repeat": 1, "parts": [part]}
    assert result["machine"]["cores"] and result["software"]["packages"]["duckdb"] and result["software"]["postgres"]
    for figure in result["figures"]:
        assert figure["name"][:20] in said
    return {(figure["group"], figure["name"]): figure["median"] for figure in result["figures"]}


@pytest.mark.slow
def test_intake_is_compared_with_its_floor(temporary: Path, tmp_path: Path) -> None:
    figures = measured(temporary, tmp_path, "intake")
    for group in ("Intake, first load", "Intake, next snapshot"):
        floor = figures[group, "floor: psql \\copy into text columns"]
        intake = figures[group, "kvalitet extract bif_complaints"]
        assert 0 < floor < intake
        assert figures[group, "ratio to the floor"] == pytest.approx(intake / floor, rel=0.1)
        assert 50 < figures[group, "peak memory of the intake's process"] < 5000


@pytest.mark.slow
def test_chain_of_publications_is_checked(temporary: Path, tmp_path: Path) -> None:
    figures = measured(temporary, tmp_path, "chain", "--publications", "4")
    group = "Evidence of 4 publications"
    assert figures[group, "the chain: places, digests, signatures"] > 0
    assert figures[group, "what readers see, of the newest"] > 0
    assert figures[group, "certificates"] > 0


#: The smallest star that can be compared. The night publishes one, and the floor makes one.
STAR = """
create schema {schema};
create table {schema}.fct_complaint as select 'k1' as complaint_key, false as is_repeat;
create table {schema}.fct_complaint_point as select 'p1' as complaint_point_key;
create table {schema}.fct_indicator_value as
select 'klager_modtaget' as indicator_id, 'kalenderaar' as period_kind, '2024' as period_label,
    'ingen' as breakdown_kind, 'alle' as breakdown_member, 1 as value, 'klagesager' as source_id, 'endelig' as status
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("update floor.fct_indicator_value set value = value + 1", "1 of 1 indicator values differ"),
        ("delete from floor.fct_indicator_value", "0 of 0 indicator values differ"),
        ("update floor.fct_complaint set is_repeat = not is_repeat", "fct_complaint"),
        ("delete from floor.fct_complaint_point", "fct_complaint_point"),
    ],
)
def test_stars_that_differ_stop_the_run(
    settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch, change: str, says: str
) -> None:
    from benchmarks import night

    class Here(night.Place):
        """Both stars stand in one database, since only the comparison is tested."""

        def admin(self, database: str = "") -> psycopg.Connection:
            return psycopg.connect(admin_url, autocommit=True)

    here = Here(settings.var, COMPLAINTS)
    with here.admin() as connection:
        for schema in ("reporting", "floor"):
            connection.execute(STAR.format(schema=schema).encode())
        night.compare(here)
        connection.execute(change.encode())
    with pytest.raises(night.StarsDiffer, match=says):
        night.compare(here)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing(temporary: Path, number: signal.Signals) -> None:
    process = start(temporary, "--only", "night", "--out", str(temporary / "out"))
    deadline = time.monotonic() + 120
    while not list(temporary.glob("*/var/run/postgres.address")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert still_there(temporary) == []
