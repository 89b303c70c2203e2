"""Which night an instant belongs to, and what is due in it, also when the clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from kvalitet.contracts import Contract, is_cron
from kvalitet.settings import TIMEZONE
from kvalitet.timetable.calendar import Window, due_sources, last_due, latest_arrival, night_window


def copenhagen(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TIMEZONE)


def contract(source: str, schedule: str, **fields: object) -> Contract:
    return Contract(id=source, title=source, version="1.0.0", sha256="", schedule=schedule, **fields)  # pyright: ignore


@pytest.mark.parametrize(
    ("moment", "start", "deadline"),
    [
        ("2024-01-10T01:30", "2024-01-09T05:00", "2024-01-10T05:00"),
        ("2024-01-10T05:00", "2024-01-09T05:00", "2024-01-10T05:00"),
        ("2024-01-10T05:01", "2024-01-10T05:00", "2024-01-11T05:00"),
        ("2024-01-10T23:30", "2024-01-10T05:00", "2024-01-11T05:00"),
    ],
)
def test_a_night_ends_at_five(moment: str, start: str, deadline: str) -> None:
    assert night_window(copenhagen(moment)) == Window(
        copenhagen(start).astimezone(UTC), copenhagen(deadline).astimezone(UTC)
    )


@pytest.mark.parametrize(
    ("day", "hours"), [("2024-03-30", 24), ("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)]
)
def test_clock_change_nights_differ_by_an_hour(day: str, hours: int) -> None:
    window = night_window(copenhagen(f"{day}T01:30"))
    assert window.deadline - window.start == timedelta(hours=hours)


def test_nights_have_no_gap_or_overlap() -> None:
    for day in range(400):
        window = night_window(copenhagen("2024-01-01T01:30") + timedelta(days=day))
        assert night_window(window.deadline + timedelta(seconds=1)).start == window.deadline


@pytest.mark.parametrize(
    ("schedule", "night", "due"),
    [
        ("15 1 * * *", "2024-01-10", "2024-01-10T01:15+01:00"),
        ("15 1 * * *", "2024-07-10", "2024-07-10T01:15+02:00"),
        ("0 14 * * *", "2024-01-10", "2024-01-09T14:00+01:00"),  # by day, so it belongs to the next night
        ("0 5 * * *", "2024-01-10", "2024-01-09T05:00+01:00"),  # at the deadline, so it belongs to the next night
        ("0 * * * *", "2024-01-10", "2024-01-10T04:00+01:00"),  # hourly, so the last one before the deadline
        ("0 2 1 2 *", "2024-02-01", "2024-02-01T02:00+01:00"),  # yearly
        ("0 2 1 2 *", "2024-02-02", None),
        ("0 2 1 1,4,7,10 *", "2024-04-01", "2024-04-01T02:00+02:00"),  # quarterly
        ("0 3 * * 1", "2024-01-08", "2024-01-08T03:00+01:00"),  # Mondays
        ("0 3 * * 1", "2024-01-09", None),
        ("0 3 29 2 *", "2024-02-29", "2024-02-29T03:00+01:00"),
        ("30 2 * * *", "2024-03-31", "2024-03-31T03:30+02:00"),  # 02:30 does not exist, so it is an hour later
        ("30 2 * * *", "2024-10-27", "2024-10-27T02:30+01:00"),  # 02:30 exists twice, and the second counts
        ("30 3 * * *", "2024-03-31", "2024-03-31T03:30+02:00"),
        ("30 3 * * *", "2024-10-27", "2024-10-27T03:30+01:00"),
    ],
)
def test_cron_line_falls_due_in_its_night(schedule: str, night: str, due: str | None) -> None:
    found = last_due(schedule, night_window(copenhagen(f"{night}T01:30")))
    assert found == (datetime.fromisoformat(due) if due else None)


@pytest.mark.parametrize("schedule", ["15 1 * * *", "30 2 * * *", "0 14 * * *"])
def test_daily_source_is_due_every_night(schedule: str) -> None:
    nights = [night_window(copenhagen("2024-01-01T01:30") + timedelta(days=day)) for day in range(366)]
    due = [last_due(schedule, night) for night in nights]
    assert None not in due and len(set(due)) == len(nights)


def test_unusable_sources_are_not_due() -> None:
    contracts = {
        "nightly": contract("nightly", "15 1 * * *"),
        "yearly": contract("yearly", "0 2 1 2 *"),
        "broken": contract("broken", "15 1 * * *", problems=("no classification",)),
        "unscheduled": contract("unscheduled", ""),
        "misspelt": contract("misspelt", "every night"),
    }
    assert set(due_sources(contracts, night_window(copenhagen("2024-01-10T01:30")))) == {"nightly"}
    assert not is_cron("every night")


@pytest.mark.parametrize(("clock", "until"), [("05:00", "2024-01-10T05:00"), ("01:00", "2024-01-11T01:00")])
def test_delivery_may_arrive_until_its_hour(clock: str, until: str) -> None:
    """Until the clock next shows that hour."""
    due_at = copenhagen("2024-01-10T01:15")
    assert latest_arrival(contract("nightly", "15 1 * * *", latest_arrival=clock), due_at) == copenhagen(until)
