"""A contract's slaProperties: when deliveries come, how old they may be and how long they are kept."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from croniter import croniter
from croniter.croniter import CroniterError
from open_data_contract_standard.model import ServiceLevelAgreementProperty

from kvalitet.contracts.model import DEFAULT_RETENTION_DAYS

#: The standard's units of time by their names, in days.
UNIT_DAYS = {
    name: days
    for names, days in (
        (("h", "hour", "hours"), 1 / 24),
        (("d", "day", "days"), 1),
        (("w", "week", "weeks"), 7),
        (("m", "month", "months"), 30),
        (("q", "quarter", "quarters"), 91),
        (("y", "year", "years"), 365),
    )
    for name in names
}
DEFAULT_LATEST_ARRIVAL = "05:00"


@dataclass(frozen=True)
class ServiceLevels:
    """`schedule` is a cron line, `latest_arrival` a local HH:MM, and the other three are in days."""

    schedule: str
    frequency_days: float
    latest_arrival: str
    latency_days: int | None
    retention_days: int


def read_service_levels(properties: list[ServiceLevelAgreementProperty] | None, problems: list[str]) -> ServiceLevels:
    """The service levels. What is missing or cannot be read is added to `problems`."""
    stated: dict[str, ServiceLevelAgreementProperty] = {}
    for item in properties or []:
        if item.property in stated and item.property in ("frequency", "timeOfAvailability", "latency", "retention"):
            problems.append(f"slaProperties: {item.property} is there twice")
        stated[item.property or ""] = item
    frequency = stated.get("frequency")
    schedule = (frequency.schedule if frequency else None) or ""
    if not is_cron(schedule):
        problems.append("slaProperties: frequency needs a schedule that is a cron line, e.g. 15 1 * * *")
    latency = _days("latency", stated, problems)
    retention = _days("retention", stated, problems)
    return ServiceLevels(
        schedule=schedule,
        frequency_days=_frequency(frequency, problems),
        latest_arrival=_time_of_day(stated.get("timeOfAvailability"), problems),
        latency_days=latency,
        retention_days=DEFAULT_RETENTION_DAYS if retention is None else retention,
    )


def is_cron(schedule: str) -> bool:
    """Whether the text is a cron line of five fields that some day fires."""
    if len(schedule.split()) != 5:
        return False
    try:
        croniter(schedule, datetime(2024, 1, 1)).get_next(datetime)  # noqa: DTZ001 - a wall clock, as cron's
    except (CroniterError, ValueError, TypeError, AttributeError):
        return False
    return True


def _days(name: str, stated: dict[str, ServiceLevelAgreementProperty], problems: list[str]) -> int | None:
    item = stated.get(name)
    if item is None:
        return None
    unit = UNIT_DAYS.get((item.unit or "d").lower(), 0)
    value = item.value
    if unit < 1 or not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100_000:
        problems.append(f"slaProperties: {name} must be a whole number of d, w, m, q or y")
        return None
    return value * int(unit)


def _frequency(item: ServiceLevelAgreementProperty | None, problems: list[str]) -> float:
    value: Any = 1 if item is None or item.value is None else item.value
    unit = UNIT_DAYS.get(((item.unit if item else None) or "d").lower(), 0)
    if not unit or isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 100_000:
        problems.append("slaProperties: frequency must be a number above 0 of h, d, w, m, q or y")
        return 1.0
    return value * unit


def _time_of_day(item: ServiceLevelAgreementProperty | None, problems: list[str]) -> str:
    value = DEFAULT_LATEST_ARRIVAL if item is None else item.value
    try:
        return f"{time.fromisoformat(value if isinstance(value, str) else ''):%H:%M}"
    except ValueError:
        problems.append('slaProperties: timeOfAvailability must be a time of day in quotes, e.g. "05:00"')
        return DEFAULT_LATEST_ARRIVAL
