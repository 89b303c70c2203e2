"""What a night waits for, against the warehouse's real records: as a query, and in Airflow's trigger."""

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
from typing import Any

import pytest

from kvalitet.contracts import Contract
from kvalitet.contracts.service_levels import UNIT_DAYS
from kvalitet.night_calendar import is_promised
from kvalitet.night_waiting import Awaited, Late, awaited, late_sources, note_late, outcomes, unsettled
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

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
        ("0 2 * * 1", (1, "y"), False),  # a yearly file, looked for every Monday
        ("0 2 * * 1", (7, "d"), True),
        ("0 2 1 2 *", (1, "y"), True),
        ("0 * * * *", (1, "h"), True),
        ("0 2 * * *", (3, "m"), False),
        ("", (1, "d"), False),
    ],
)
def test_something_new_is_promised_when_it_comes_as_often_as_it_is_looked_for(
    schedule: str, every: tuple[int, str], promised: bool
) -> None:
    assert is_promised(contract("source", schedule, every)) is promised


def test_a_promised_delivery_is_waited_for_until_its_latest_arrival() -> None:
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
        (None, 0, False, True),  # it may be running just now; the night's own deadline ends the wait
        ("accepted", 0, True, False),
        ("refused", 0, True, False),
        ("missing", 0, True, True),
        ("missing", 0, False, False),
        ("nothing_new", 0, True, True),
        ("nothing_new", 0, False, False),
        ("failed", 1, True, True),  # Airflow tries again
        ("failed", 30, True, False),  # it has given up
        ("failed", 1, False, False),
    ],
)
def test_what_is_still_worth_waiting_for(
    outcome: str | None, minutes_ago: int, before_latest_arrival: bool, is_waited_for: bool
) -> None:
    now = FIVE - timedelta(minutes=1) if before_latest_arrival else FIVE
    row = {"source_id": "source", "outcome": outcome, "finished_at": now - timedelta(minutes=minutes_ago)}
    assert bool(unsettled([row], {"source": Awaited(NIGHT, FIVE)}, now)) is is_waited_for


def test_an_outcome_counts_from_when_the_source_was_due(settings: Settings, extracted: Callable) -> None:
    extracted("before", "accepted", NIGHT - timedelta(minutes=1))
    extracted("after", "missing", NIGHT)
    extracted("after", "accepted", NIGHT + timedelta(minutes=5))
    extracted("after", "nothing_new", NIGHT + timedelta(minutes=9))  # somebody looked once more
    found = outcomes(settings, dict.fromkeys(["before", "after", "never"], Awaited(NIGHT, FIVE)))
    assert {row["source_id"]: row["outcome"] for row in found} == {"before": None, "after": "accepted", "never": None}


def test_a_source_the_night_stopped_waiting_for_is_recorded_as_missing(settings: Settings) -> None:
    note_late(settings, ["late"])
    (row,) = fetch_all(settings, AUDITOR, "select source_id, outcome, message from audit.extract_run")
    assert (row["source_id"], row["outcome"]) == ("late", "missing")
    assert "stopped waiting" in row["message"]


def test_late_sources_compares_records_with_contracts(settings: Settings, extracted: Callable) -> None:
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
    import kvalitet.night_trigger  # noqa: F401 -- takes seconds the first time, which are not the trigger's

    monkeypatch.setenv("KVALITET_VAR", str(settings.var))
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{settings.server}/{settings.database}")
    return settings


def fire(waits: dict[str, Awaited], deadline: datetime) -> tuple[dict[str, str | None], float]:
    """The payload of the trigger as the triggerer runs it, made anew from its serialized form; and seconds waited."""
    from kvalitet.night_trigger import SourcesTrigger

    path, arguments = SourcesTrigger.of(waits, deadline).serialize()
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**{**arguments, "poll_seconds": 0.1})

    async def first() -> Any:
        event = await anext(aiter(trigger.run()))
        return event.payload

    began = time.monotonic()
    return asyncio.run(first()), time.monotonic() - began


def test_the_trigger_fires_when_the_last_outcome_is_there(in_airflow: Settings, extracted: Callable) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    extracted("first", "refused")
    threading.Timer(0.5, lambda: extracted("second", "accepted")).start()
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    payload, seconds = fire(dict.fromkeys(["first", "second"], Awaited(since, since)), deadline)
    assert payload == {"first": "refused", "second": "accepted"}
    assert 0.4 < seconds < 10


def test_the_trigger_gives_up_at_the_deadline(in_airflow: Settings, extracted: Callable) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    deadline = datetime.now(UTC) + timedelta(seconds=1)
    extracted("missing", "missing")
    payload, seconds = fire(dict.fromkeys(["missing", "silent"], Awaited(since, deadline)), deadline)
    assert payload == {"missing": "missing", "silent": None}
    assert 0.5 < seconds < 10


def test_the_trigger_outlives_a_database_that_is_away(in_airflow: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    since = datetime.now(UTC)
    back = threading.Timer(
        0.5, lambda: os.environ.update(KVALITET_DATABASE_URL=f"postgresql://{in_airflow.server}/{in_airflow.database}")
    )
    back.start()
    payload, _ = fire({"silent": Awaited(since, since)}, since + timedelta(seconds=2))
    assert payload == {"silent": None}


def test_the_trigger_tells_airflow_no_password(in_airflow: Settings) -> None:
    from kvalitet.night_trigger import SourcesTrigger

    _, arguments = SourcesTrigger.of({"source": Awaited(NIGHT, FIVE)}, FIVE).serialize()
    assert "postgresql" not in str(arguments) and "password" not in str(arguments)
