"""History in `raw`: which rows open, change, close and stay. Nothing is taken in twice or by half."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import fsspec
import psycopg
import pytest
from deliveries import COMPLAINT, as_csv, write

from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import connect

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(100)]


def counts(result) -> dict[str, int]:
    table = result.loads[-1].tables["complaints"]
    return {name: value for name, value in vars(table).items() if value}


def test_first_delivery_opens_every_row(settings, deliver):
    deliver(*GOOD)
    assert counts(extract(settings, "bif_complaints")) == {"delivered": 100, "opened": 100}


def test_same_delivery_twice_is_no_op(settings, deliver, everything_written):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    before = _rows_of(settings)
    again = extract(settings, "bif_complaints")
    assert (again.outcome, again.loads) == ("nothing_new", ())
    assert _rows_of(settings) == before


def test_next_snapshot_updates_history(settings, deliver):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    deliver(*GOOD[:97], {"Sagsnummer": "2024 - 00097", "Udfald": "medhold"}, {}, cutoff="2025-01-03")
    result = extract(settings, "bif_complaints")
    assert counts(result) == {"delivered": 99, "opened": 1, "changed": 1, "closed": 2, "unchanged": 97}
    first, second = 1, result.loads[-1].load_id
    with connect(settings, LOADER) as connection:
        versions = connection.execute(
            "select outcome_id, valid_from_load, valid_to_load from raw.bif_complaints__complaints"
            " where case_number = '2024-00097' order by valid_from_load"
        ).fetchall()
    assert [tuple(version.values()) for version in versions] == [(None, first, second), ("medhold", second, None)]


def test_other_spelling_is_no_change(settings, deliver):
    deliver(*GOOD, {"CPR": "010190-1234"})
    extract(settings, "bif_complaints")
    deliver(*GOOD, {"CPR": "0101901234", "Sagsnummer": "2023-17309"}, cutoff="2025-01-03")
    assert counts(extract(settings, "bif_complaints")) == {"delivered": 101, "unchanged": 101}


def test_rejected_row_keeps_accepted_version(settings, deliver, open_rows, rejects):
    deliver(*GOOD, {"Center": "C01"})
    extract(settings, "bif_complaints")
    deliver(*GOOD, {"Center": "C02", "Lukket": "måske"}, cutoff="2025-01-03")
    result = extract(settings, "bif_complaints")
    assert counts(result) == {"delivered": 101, "rejected": 1, "unchanged": 100, "held": 1}
    assert rejects() == [(102, "2023-17309", "is_closed", "boolean_format", True)]
    (row,) = [row for row in open_rows() if row["case_number"] == "2023-17309"]
    assert row["centre_id"] == "C01"


def test_reject_is_open_until_row_is_valid(settings, deliver, rejects):
    bad = {"Center": "C02", "Lukket": "måske"}
    deliver(*GOOD, bad)
    extract(settings, "bif_complaints")
    deliver(*GOOD, bad, {"Sagsnummer": "2022 - 00001"}, cutoff="2025-01-03")
    extract(settings, "bif_complaints")
    assert len(rejects()) == 1, "the same broken value is not recorded anew every night"
    deliver(*GOOD, {"Center": "C02"}, {"Sagsnummer": "2022 - 00001"}, cutoff="2025-01-04")
    extract(settings, "bif_complaints")
    assert rejects() == []


def test_unreadable_key_closes_nothing(settings, deliver, open_rows):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    deliver(*GOOD[:99], {"Sagsnummer": "?"}, cutoff="2025-01-03")
    result = extract(settings, "bif_complaints")
    assert counts(result) == {
        "delivered": 100, "rejected": 1, "unchanged": 99, "closures_waiting": 1, "without_key": 1,
    }  # fmt: skip
    assert "complaints: 1 absent row is not closed, because 1 delivered row has no readable key" in result.message
    assert len(open_rows()) == 100


def test_absence_closes_nothing_where_kept(settings, inbox, open_rows):
    from deliveries import ANNUAL, deliver_annual

    deliver_annual(inbox, [ANNUAL])
    extract(settings, "borgerraadgiver_annual")
    for file in (inbox / "borgerraadgiver_annual").iterdir():
        file.rename(file.with_name(file.name.replace("2025-01-02", "2025-01-03")))
    annual = inbox / "borgerraadgiver_annual/aarstal_2025-01-03.csv"
    header, first, *_ = annual.read_bytes().split(b"\r\n")
    annual.write_bytes(b"\r\n".join([header, first, b""]))
    extract(settings, "borgerraadgiver_annual")
    assert len(open_rows("borgerraadgiver_annual__annual_figures")) == 71


def test_several_nights_are_taken_in_order(settings, deliver, open_rows):
    deliver(*GOOD, {"Center": "C01"}, cutoff="2025-01-02")
    deliver(*GOOD, {"Center": "C02"}, cutoff="2025-01-03")
    result = extract(settings, "bif_complaints")
    assert [load.delivery for load in result.loads] == ["2025-01-02", "2025-01-03"]
    assert {row["centre_id"] for row in open_rows() if row["case_number"] == "2023-17309"} == {"C02"}


def test_older_snapshot_stands_beside(settings, deliver, open_rows, rejects):
    """Today's state does not change. A build on the older load sees the older snapshot and nothing else."""
    deliver(*GOOD[:98], {"Center": "C01"}, cutoff="2024-12-10")
    first = extract(settings, "bif_complaints").loads[-1].load_id
    deliver(*GOOD, {"Center": "C02"}, cutoff="2025-01-02")
    extract(settings, "bif_complaints")
    today = open_rows()
    late = [*GOOD[:99], {"Center": "C03", "Lukket": "måske"}]  # set aside, so its version of 10 December 2024 stays
    deliver(*late, cutoff="2024-12-20")
    result = extract(settings, "bif_complaints")
    assert (result.outcome, [load.delivery for load in result.loads]) == ("beside", ["2024-12-20"])
    assert "The older delivery 2024-12-20 was taken in beside the history, as load" in result.message
    assert counts(result) == {"delivered": 100, "rejected": 1, "opened": 99, "held": 1}
    beside = result.loads[-1].load_id
    assert beside < 0 < first
    assert open_rows() == today
    assert rejects() == [], "nobody waits for the row of an older snapshot"
    with connect(settings, LOADER) as connection:
        seen = connection.execute(
            "select case_number, centre_id from raw.bif_complaints__complaints where valid_from_load <= %(load)s"
            " and (valid_to_load is null or valid_to_load > %(load)s) order by 1",
            {"load": beside},
        ).fetchall()
    assert len(seen) == 100
    assert seen[0] == {"case_number": "2023-17309", "centre_id": "C01"}
    again = extract(settings, "bif_complaints")
    assert (again.outcome, again.loads) == ("nothing_new", ())


def test_refused_older_snapshot_is_harmless(settings, deliver, inbox):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    deliver(*GOOD, cutoff="2024-12-20")
    write(inbox, "bif_complaints/klager_2024-12-20.csv", as_csv([], list(COMPLAINT)))
    result = extract(settings, "bif_complaints")
    assert result.outcome == "beside"
    assert "The older delivery 2024-12-20 was refused: klager_2024-12-20.csv holds no rows" in result.message
    assert extract(settings, "bif_complaints").loads == (), "said once, until another file comes"
    deliver(*GOOD, cutoff="2024-12-20")
    assert [load.outcome for load in extract(settings, "bif_complaints").loads] == ["accepted"]


def test_older_snapshot_closes_nothing_if_kept(settings, inbox):
    from deliveries import ANNUAL, deliver_annual

    folder = inbox / "borgerraadgiver_annual"
    kept: dict[str, int] = {}
    for cutoff, years in (("2023-01-02", ["2021"]), ("2025-01-02", ["2021", "2022", "2023"]), ("2024-01-02", ["2022"])):
        deliver_annual(inbox, [ANNUAL | {"Beretningsår": year} for year in years])
        for file in folder.glob("*2025-01-02*"):
            file.rename(file.with_name(file.name.replace("2025-01-02", cutoff)))
        kept[cutoff] = extract(settings, "borgerraadgiver_annual").loads[-1].load_id
    with connect(settings, LOADER) as connection:
        years = connection.execute(
            "select report_year from raw.borgerraadgiver_annual__annual_figures where valid_from_load = %s"
            " and report_year < 2030 order by 1",
            [kept["2024-01-02"]],
        ).fetchall()
    assert [row["report_year"] for row in years] == [2021, 2022], "2023 was not known yet, 2021 was not taken back"


def test_correction_of_cutoff_is_own_load(settings, deliver):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    deliver(*GOOD, {})
    assert counts(extract(settings, "bif_complaints")) == {"delivered": 101, "opened": 1, "unchanged": 100}


def test_refused_delivery_is_recorded_once(settings, inbox, deliver, open_rows):
    deliver(*GOOD)
    write(inbox, "bif_complaints/klager_2025-01-02.csv", as_csv([], list(COMPLAINT)))
    for _ in range(2):
        with pytest.raises(KvalitetError):
            extract(settings, "bif_complaints")
    deliver(*GOOD, cutoff="2025-01-03")
    assert extract(settings, "bif_complaints").outcome == "accepted"
    with connect(settings, AUDITOR) as connection:
        outcomes = connection.execute("select delivery, outcome from audit.load order by load_id").fetchall()
    assert [tuple(row.values()) for row in outcomes] == [("2025-01-02", "refused"), ("2025-01-03", "accepted")]
    assert len(open_rows()) == 100


def test_unforeseen_error_prints_no_value(settings, admin_url, deliver, everything_written):
    """A constraint that somebody added to the table by hand makes Postgres print the whole row."""
    with psycopg.connect(admin_url) as connection:
        connection.execute(
            "alter table raw.bif_complaints__complaints add constraint odd check (theme_id <> 'hemmeligt_tema')"
        )
    deliver(*GOOD, {"Tema": "hemmeligt_tema"})
    with pytest.raises(KvalitetError, match=r"klager_2025-01-02\.csv cannot be read: IntegrityError at ") as failure:
        extract(settings, "bif_complaints")
    assert failure.value.__context__ is None
    assert "hemmeligt_tema" not in str(failure.value) + everything_written()


def test_unknown_source_lists_known_sources(settings):
    with pytest.raises(KvalitetError, match=r"Known sources: .*bif_complaints"):
        extract(settings, "bif_klager")


def test_inbox_may_be_any_fsspec_file_system(settings, inbox, deliver):
    """The inbox need not be a local folder. Here it is in memory, where a file's age is given differently."""
    deliver(*GOOD)
    memory = fsspec.filesystem("memory")
    for file in (inbox / "bif_complaints").iterdir():
        memory.pipe(f"/inbox/bif_complaints/{file.name}", file.read_bytes())
    elsewhere = replace(settings, inbox="memory://inbox")
    assert counts(extract(elsewhere, "bif_complaints")) == {"delivered": 100, "opened": 100}


def test_file_from_future_must_settle(settings, inbox, deliver, monkeypatch):
    """The clock was set back, or the inbox's clock is ahead. The age of the file is therefore unknown."""
    deliver(*GOOD)
    file, future = inbox / "bif_complaints/klager_2025-01-02.csv", time.time() + 86_400
    whole = file.read_bytes()
    half = whole.index(b"\r\n", len(whole) // 2) + 2
    file.write_bytes(whole[:half])
    os.utime(file, (future, future))

    def write_the_rest() -> None:
        file.write_bytes(whole)
        os.utime(file, (future + 1, future + 1))

    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "1")
    writing = threading.Timer(0.5, write_the_rest)
    writing.start()
    assert counts(extract(settings, "bif_complaints")) == {"delivered": 100, "opened": 100}
    writing.join()


@pytest.mark.slow
def test_kill_leaves_nothing_half_done(settings: Settings, deliver):
    """Extractions are killed after growing delays. Then one runs to its end, and the state is complete."""
    deliver(*[{"Sagsnummer": f"2024 - {n:05d}"} for n in range(20_000)])
    program = (
        "import sys; from pathlib import Path; from kvalitet.settings import Settings;"
        " from kvalitet.intake import extract;"
        " extract(Settings(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]), 'bif_complaints')"
    )
    facts = [str(settings.root), str(settings.var), settings.inbox, settings.server, settings.database]
    command = [sys.executable, "-c", program, *facts]
    for delay in (0.5, 0.8, 1.1, 1.4, 1.7, 2.0):
        process = subprocess.Popen(command, env=os.environ, start_new_session=True)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        rows, loads = _rows_of(settings)
        assert (rows, loads) in ((0, 0), (20_000, 1))
    extract(settings, "bif_complaints")  # it waits if the server has not noticed the last kill yet
    assert _rows_of(settings) == (20_000, 1)
    assert list((settings.var / "spool").iterdir()) == [], "killed processes leave no delivered values behind"


def _rows_of(settings: Settings) -> tuple[int, int]:
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select (select count(*) from raw.bif_complaints__complaints) as rows,"
            " (select count(*) from audit.load) as loads"
        ).fetchone()
    assert row
    return row["rows"], row["loads"]
