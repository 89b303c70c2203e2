"""What a night waits for, by the warehouse's real records: as a query, and in Airflow's trigger."""

import asyncio
import atexit
import importlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from kvalitet.build.builds import get_build
from kvalitet.cli.app import app
from kvalitet.contracts import Contract
from kvalitet.contracts.service_levels import UNIT_DAYS
from kvalitet.nights.night import begin_night, mark
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.timetable.calendar import is_promised
from kvalitet.timetable.waiting import Awaited, Late, awaited, late_sources, note_killed, note_late, outcomes, unsettled
from kvalitet.warehouse.connection import NotReached, connect, fetch_all

pytestmark = pytest.mark.slow

HOME = tempfile.mkdtemp(prefix="kvalitet-test-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ.setdefault("AIRFLOW_HOME", HOME)
NIGHT = datetime(2024, 1, 10, 0, 15, tzinfo=UTC)  # 01:15 in Copenhagen
FIVE = datetime(2024, 1, 10, 4, 0, tzinfo=UTC)


def contract(source: str, schedule: str = "15 1 * * *", every: tuple[int, str] = (1, "d"), **fields: Any) -> Contract:
    days = every[0] * UNIT_DAYS[every[1]]
    return Contract(source, source, "1.0.0", "", schedule=schedule, frequency_days=days, **fields)


@pytest.mark.parametrize(
    ("schedule", "every", "promised"),
    [
        ("15 1 * * *", (1, "d"), True),
        ("0 2 * * 1", (1, "y"), False),  # a yearly file that is looked for every Monday
        ("0 2 * * 1", (7, "d"), True),
        ("0 2 1 2 *", (1, "y"), True),
        ("0 * * * *", (1, "h"), True),
        ("0 2 * * *", (3, "m"), False),
        ("", (1, "d"), False),
    ],
)
def test_frequent_source_promises_news(schedule: str, every: tuple[int, str], promised: bool) -> None:
    """It promises news when it delivers as often as it is looked for."""
    assert is_promised(contract("source", schedule, every)) is promised


def test_wait_ends_at_latest_arrival() -> None:
    contracts = {
        "nightly": contract("nightly"),
        "early": contract("early", latest_arrival="03:00"),
        "late": contract("late", latest_arrival="07:00"),  # beyond the night's end
        "yearly": contract("yearly", every=(1, "y")),
    }
    waits, deadline = awaited(contracts, NIGHT)
    assert deadline == FIVE
    assert {source: wait.until for source, wait in waits.items()} == {
        "nightly": FIVE,
        "early": datetime(2024, 1, 10, 2, 0, tzinfo=UTC),
        "late": FIVE,
        "yearly": NIGHT,
    }


@pytest.mark.parametrize(
    ("outcome", "minutes_ago", "before_latest_arrival", "is_waited_for"),
    [
        (None, 0, True, True),
        (None, 0, False, True),  # it may be running just now, and the night's own deadline ends the wait
        ("accepted", 0, True, False),
        ("refused", 0, True, False),
        ("missing", 0, True, True),
        ("missing", 0, False, False),
        ("nothing_new", 0, True, True),
        ("nothing_new", 0, False, False),
        ("failed", 1, True, True),  # Airflow tries again
        ("failed", 30, True, False),  # Airflow has given up
        ("failed", 1, False, False),
    ],
)
def test_what_is_still_worth_waiting_for(
    outcome: str | None, minutes_ago: int, before_latest_arrival: bool, is_waited_for: bool
) -> None:
    now = FIVE - timedelta(minutes=1) if before_latest_arrival else FIVE
    row = {"source_id": "source", "outcome": outcome, "finished_at": now - timedelta(minutes=minutes_ago)}
    assert bool(unsettled([row], {"source": Awaited(NIGHT, FIVE)}, now)) is is_waited_for


def test_outcome_counts_from_due_time(settings: Settings, extracted: Callable) -> None:
    extracted("before", "accepted", NIGHT - timedelta(minutes=1))
    extracted("after", "missing", NIGHT)
    extracted("after", "accepted", NIGHT + timedelta(minutes=5))
    extracted("after", "nothing_new", NIGHT + timedelta(minutes=9))  # somebody extracted once more
    found = outcomes(settings, dict.fromkeys(["before", "after", "never"], Awaited(NIGHT, FIVE)))
    assert {row["source_id"]: row["outcome"] for row in found} == {"before": None, "after": "accepted", "never": None}


def test_timetable_run_counts_by_its_due_time(settings: Settings, extracted: Callable) -> None:
    """The clock was set back a day between the due time and the delivery."""
    extracted("nightly", "accepted", NIGHT - timedelta(days=1), due_at=NIGHT)
    extracted("before", "accepted", NIGHT - timedelta(days=1), due_at=NIGHT - timedelta(days=1))
    found = outcomes(settings, dict.fromkeys(["nightly", "before"], Awaited(NIGHT, FIVE)))
    assert {row["source_id"]: row["outcome"] for row in found} == {"nightly": "accepted", "before": None}


def test_record_of_fast_clock_is_not_tonights(settings: Settings, extracted: Callable) -> None:
    tonight = datetime.now(UTC) - timedelta(hours=1)
    extracted("by_hand", "accepted", datetime.now(UTC) + timedelta(hours=22))
    found = outcomes(settings, {"by_hand": Awaited(tonight, FIVE)})
    assert [row["outcome"] for row in found] == [None]


def test_run_by_hand_counts_by_attempt_number(settings: Settings, extracted: Callable) -> None:
    extracted("source", "refused", datetime.now(UTC) + timedelta(days=1))
    after = mark(settings).run_id
    wait = Awaited(datetime.now(UTC), datetime.now(UTC), after)
    assert [row["outcome"] for row in outcomes(settings, {"source": wait})] == [None]
    extracted("source", "accepted", datetime.now(UTC) - timedelta(days=1))
    assert [row["outcome"] for row in outcomes(settings, {"source": wait})] == ["accepted"]


@pytest.mark.parametrize(
    ("morning", "due"),
    [
        ("2024-03-31T03:30Z", "2024-03-31T00:15Z"),  # 05:30 on the day that is an hour shorter in spring
        ("2024-10-27T04:30Z", "2024-10-26T23:15Z"),  # 05:30 on the day that is an hour longer in autumn
        ("2024-01-10T04:30Z", "2024-01-10T00:15Z"),
    ],
)
def test_morning_judges_the_night_just_ended(settings: Settings, extracted: Callable, morning: str, due: str) -> None:
    """A day is not always 24 hours long."""
    extracted("nightly", "accepted", datetime.fromisoformat(due) - timedelta(days=1), cutoff=date(2024, 1, 9))
    late = late_sources(settings, {"nightly": contract("nightly")}, datetime.fromisoformat(morning))
    assert late["nightly"].since == datetime.fromisoformat(morning).date().isoformat()


def test_source_given_up_on_is_missing(settings: Settings) -> None:
    note_late(settings, {"late": 7})
    (row,) = fetch_all(settings, AUDITOR, "select source_id, outcome, message, knew_of_load from audit.extract_run")
    assert (row["source_id"], row["outcome"], row["knew_of_load"]) == ("late", "missing", 7)
    assert "stopped waiting" in row["message"]


def test_late_sources_follow_the_contracts(settings: Settings, extracted: Callable) -> None:
    morning = datetime(2024, 1, 10, 4, 30, tzinfo=UTC)
    contracts = {
        "good": contract("good", latency_days=2),
        "refused": contract("refused", latency_days=2),
        "unfetched": contract("unfetched", latency_days=2),
        "unchanged": contract("unchanged", latency_days=2),
        "quiet": contract("quiet", every=(1, "y"), latency_days=400),
        "old": contract("old", every=(1, "y"), latency_days=400),
        "never": contract("never", schedule="0 2 1 2 *", every=(1, "y"), latency_days=400),
    }
    for source in ("good", "refused", "unfetched", "unchanged", "quiet"):
        extracted(source, "accepted", NIGHT - timedelta(days=1))
    extracted("old", "accepted", NIGHT - timedelta(days=1), cutoff=date(2022, 1, 9))
    outcome = {"good": "accepted", "refused": "refused", "unchanged": "nothing_new"}
    for source in ("good", "refused", "unchanged", "quiet", "old"):
        extracted(source, outcome.get(source, "nothing_new"), NIGHT + timedelta(minutes=1))
    late = late_sources(settings, contracts, morning)
    assert set(late) == {"refused", "unfetched", "unchanged", "old", "never"}
    assert late["refused"] == Late("it was refused", "2024-01-10", "refused")
    assert "10-01-2024 01:15" in late["unfetched"].reason
    assert "09-01-2022" in late["old"].reason and "400 days" in late["old"].reason
    assert {late["unfetched"].since, late["old"].since, late["never"].since} == {"2024-01-10", "2022-01-09", "never"}


@pytest.fixture
def in_airflow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The environment in which the triggerer finds this test's warehouse."""
    import kvalitet.nights.trigger  # noqa: F401 -- the first import takes seconds, which must not count

    monkeypatch.setenv("KVALITET_VAR", str(settings.var))
    monkeypatch.setenv("KVALITET_INBOX", settings.inbox)
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{settings.server}/{settings.database}")
    return settings


def fire(waits: dict[str, Awaited], deadline: datetime) -> tuple[dict[str, str | None], float]:
    """The payload of the trigger, run from its serialized form as the triggerer does it, and the seconds waited."""
    from kvalitet.nights.trigger import SourcesTrigger

    path, arguments = SourcesTrigger.of(waits, deadline).serialize()
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**{**arguments, "poll_seconds": 0.1})

    async def first() -> Any:
        event = await anext(aiter(trigger.run()))
        return event.payload

    began = time.monotonic()
    return asyncio.run(first()), time.monotonic() - began


def test_trigger_fires_at_last_outcome(in_airflow: Settings, extracted: Callable) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    extracted("first", "refused")
    threading.Timer(0.5, lambda: extracted("second", "accepted")).start()
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    payload, seconds = fire(dict.fromkeys(["first", "second"], Awaited(since, since)), deadline)
    assert payload == {"first": "refused", "second": "accepted"}
    assert 0.4 < seconds < 10


def test_trigger_gives_up_at_deadline(in_airflow: Settings, extracted: Callable) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    deadline = datetime.now(UTC) + timedelta(seconds=1)
    extracted("missing", "missing")
    payload, seconds = fire(dict.fromkeys(["missing", "silent"], Awaited(since, deadline)), deadline)
    assert payload == {"missing": "missing", "silent": None}
    assert 0.5 < seconds < 10


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1)])
def test_trigger_ignores_clock_changes(
    in_airflow: Settings, extracted: Callable, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    from kvalitet.clock import counted

    class Set(datetime):
        moved = timedelta(0)

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + cls.moved

    monkeypatch.setattr(counted, "datetime", Set)
    setting = threading.Timer(0.5, lambda: setattr(Set, "moved", step))
    delivery = threading.Timer(1.5, lambda: extracted("source", "accepted", datetime.now(UTC) - timedelta(seconds=1)))
    setting.start()
    delivery.start()
    since = datetime.now(UTC) - timedelta(minutes=1)
    waits = {"source": Awaited(since, since), "silent": Awaited(since, since)}
    payload, seconds = fire(waits, datetime.now(UTC) + timedelta(seconds=3))
    assert payload == {"source": "accepted", "silent": None}
    assert 2.5 < seconds < 10


def test_trigger_outlives_absent_database(in_airflow: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    since = datetime.now(UTC)
    back = threading.Timer(
        0.5, lambda: os.environ.update(KVALITET_DATABASE_URL=f"postgresql://{in_airflow.server}/{in_airflow.database}")
    )
    back.start()
    payload, _ = fire({"silent": Awaited(since, since)}, since + timedelta(seconds=2))
    assert payload == {"silent": None}


def test_claim_is_freed_once_logins_work(admin_url: str, in_airflow: Settings, extracted: Callable) -> None:
    """The fault that failed the task often affects the place of the claim too."""
    from kvalitet.nights.tasks import release

    extracted("organisation", "accepted")
    build = begin_night(in_airflow, "airflow night__1")
    assert build
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("alter role kvalitet_transformer nologin")
        back = threading.Timer(1.5, lambda: admin.execute("alter role kvalitet_transformer login"))
        back.start()
        release({"ti": SimpleNamespace(task_id="layer"), "dag_run": SimpleNamespace(run_id="night__1")})
        back.join()
    ended = get_build(in_airflow, build.build_id)
    assert (ended.status, ended.message) == ("failed", "layer: ended from outside.")


def test_delivery_at_end_of_wait_is_not_late(in_airflow: Settings, extracted: Callable) -> None:
    """The trigger's result is outdated by then. Only a source that is still late is noted, with its load."""
    from kvalitet.nights.tasks import WaitForSources

    before = extracted("silent", "accepted")
    params = {"sources": ["quick", "silent"], "after_run": mark(in_airflow).run_id, "since": None, "wait_minutes": 0}
    extracted("quick", "accepted")
    run = SimpleNamespace(run_type="manual", run_after=datetime.now(UTC))
    task = WaitForSources(task_id="wait_for_sources")
    assert task.resume({"dag_run": run, "params": params}, {"quick": None, "silent": None}) == {
        "quick": "accepted",
        "silent": None,
    }
    noted = fetch_all(
        in_airflow, AUDITOR, "select source_id, knew_of_load from audit.extract_run where load_id is null"
    )
    assert [tuple(row.values()) for row in noted] == [("silent", before)]


def test_wait_without_warehouse_can_be_cleared(
    in_airflow: Settings, extracted: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the runbook: once `kvalitet status` shows the sources again, the task is cleared."""
    from kvalitet.nights.tasks import WaitForSources

    extracted("quick", "accepted")
    params = {"sources": ["quick"], "after_run": None, "since": NIGHT.isoformat(), "wait_minutes": 0}
    context = {"dag_run": SimpleNamespace(run_type="manual", run_after=NIGHT), "params": params}
    task = WaitForSources(task_id="wait_for_sources")
    with monkeypatch.context() as away:
        away.setenv("KVALITET_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
        with pytest.raises(NotReached, match=r"The warehouse at 127\.0\.0\.1:1 cannot be reached"):
            task.execute(context)
        said = CliRunner().invoke(app, ["status"])
        assert said.exit_code != 0 and "127.0.0.1:1 cannot be reached" in str(said.exception)
    assert CliRunner().invoke(app, ["status"]).exit_code == 0
    assert task.execute(context) == {"quick": "accepted"}
    noted = fetch_all(in_airflow, AUDITOR, "select from audit.extract_run where outcome = 'missing'")
    assert noted == []  # the failed attempt has noted no source as late


def test_timetable_attempt_records_its_due_time(in_airflow: Settings) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from kvalitet.nights.tasks import ExtractSource

    task = ExtractSource(task_id="extract", source_id="organisation")
    params = {"closures_allowed_by": None, "closures_allowed_reason": None}
    for kind in ("scheduled", "manual"):
        run = SimpleNamespace(run_type=kind, run_after=NIGHT, run_id=f"{kind}__1")
        with pytest.raises(AirflowFailException, match="No delivery is in the inbox"):
            task.poke({"dag_run": run, "params": params})
    rows = fetch_all(in_airflow, AUDITOR, "select outcome, due_at from audit.extract_run order by run_id")
    assert [tuple(row.values()) for row in rows] == [("missing", NIGHT), ("missing", None), ("missing", None)]


def test_trigger_gives_airflow_no_password(in_airflow: Settings) -> None:
    from kvalitet.nights.trigger import SourcesTrigger

    _, arguments = SourcesTrigger.of({"source": Awaited(NIGHT, FIVE)}, FIVE).serialize()
    assert "postgresql" not in str(arguments) and "password" not in str(arguments)


def test_killed_task_leaves_a_failed_attempt(settings: Settings, extracted) -> None:
    began = datetime.now(UTC)
    extracted("spoken", "refused")
    assert not note_killed(settings, "spoken", began)
    assert note_killed(settings, "killed", began)
    assert not note_killed(settings, "killed", began), "once is enough"
    waits = {source: Awaited(began, began) for source in ("spoken", "killed")}
    rows = outcomes(settings, waits)
    assert {row["source_id"]: row["outcome"] for row in rows} == {"spoken": "refused", "killed": "failed"}
    assert unsettled(rows, waits, datetime.now(UTC)) == []


def test_killed_task_knows_of_load_before_it(settings: Settings, extracted) -> None:
    """It does not count against the load that it brought in itself."""
    before = extracted("source", "accepted", at=datetime.now(UTC) - timedelta(days=1))
    began = datetime.now(UTC)
    with connect(settings, LOADER) as connection:  # loaded, but killed before the attempt was recorded
        connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at) values ('source', '2024-01-10', '2024-01-10', '', 'accepted', '1', '', %s)",
            [began],
        )
    assert note_killed(settings, "source", began)
    newest = "select outcome, knew_of_load from audit.extract_run order by run_id desc limit 1"
    assert fetch_all(settings, AUDITOR, newest) == [{"outcome": "failed", "knew_of_load": before}]
