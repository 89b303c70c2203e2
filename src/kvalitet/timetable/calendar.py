"""When a night is and which sources are due in it, calculated from contracts without a warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from kvalitet.contracts import is_cron
from kvalitet.settings import TIMEZONE

if TYPE_CHECKING:
    from kvalitet.contracts import Contract

#: The end of a night: no source is waited for beyond this Copenhagen time.
NIGHT_ENDS = time(5, 0)
#: Outcomes of an attempt that found nothing newer than what is in. `beside` means that something of an older cut-off
#: came.
NOTHING_OF_TODAY = ("nothing_new", "beside")


@dataclass(frozen=True)
class Window:
    """A night as two instants in UTC. It covers what falls due in [start, deadline)."""

    start: datetime
    deadline: datetime


def next_local(moment: datetime, clock: time) -> datetime:
    """The first instant (UTC) at or after `moment` (aware) when Copenhagen's clocks show `clock`."""
    day = moment.astimezone(TIMEZONE).date()
    while (instant := datetime.combine(day, clock, TIMEZONE).astimezone(UTC)) < moment:
        day += timedelta(days=1)
    return instant


def night_window(moment: datetime) -> Window:
    """The night of `moment` (aware). It ends at the next 05:00 and began at the one before."""
    deadline = next_local(moment, NIGHT_ENDS)
    eve = deadline.astimezone(TIMEZONE).date() - timedelta(days=1)
    return Window(datetime.combine(eve, NIGHT_ENDS, TIMEZONE).astimezone(UTC), deadline)


def last_due(schedule: str, window: Window) -> datetime | None:
    """The last instant (UTC) in the window at which the cron line fires. None where it does not.

    Cron lines are read on Copenhagen's clock, as Airflow reads them. A time that spring skips fires an hour later by
    the clock. One that autumn repeats fires the second time.
    """
    from croniter import croniter

    # One day's margin on either side, because the loop runs on the wall clock and the window does not.
    start = window.start.astimezone(TIMEZONE).replace(tzinfo=None) - timedelta(days=1)
    end = window.deadline.astimezone(TIMEZONE).replace(tzinfo=None) + timedelta(days=1)
    walk = croniter(schedule, end, ret_type=datetime)
    while (wall := walk.get_prev(datetime)) >= start:
        instant = max(wall.replace(tzinfo=TIMEZONE, fold=fold).astimezone(UTC) for fold in (0, 1))
        if window.start <= instant < window.deadline:
            return instant
    return None


def due_sources(contracts: Mapping[str, "Contract"], window: Window) -> dict[str, datetime]:
    """The sources due in the window, each with the last time it was due (UTC).

    A contract with problems is never due. Nothing is taken in by it, so nothing is waited for.
    """
    sound = {source: contract.schedule for source, contract in contracts.items() if not contract.problems}
    due = {source: last_due(schedule, window) for source, schedule in sound.items() if is_cron(schedule)}
    return {source: moment for source, moment in due.items() if moment is not None}


def is_promised(contract: "Contract") -> bool:
    """Whether something new is promised each time the source is looked at.

    A yearly file that is looked for every Monday is not late on a Monday without one. A nightly delivery is late on a
    night without one.
    """
    from croniter import croniter

    if not is_cron(contract.schedule):
        return False
    walk = croniter(contract.schedule, datetime(2024, 1, 1, tzinfo=UTC), ret_type=datetime)
    first = walk.get_next(datetime)
    return timedelta(days=contract.frequency_days) <= walk.get_next(datetime) - first


def latest_arrival(contract: "Contract", due_at: datetime) -> datetime:
    """The latest time (UTC) at which a delivery due at `due_at` (aware) is on time by its contract."""
    return next_local(due_at, time.fromisoformat(contract.latest_arrival) if contract.latest_arrival else NIGHT_ENDS)
