"""The measurements of one check over time: the chart, and the words for its newest measurement."""

import re
from collections.abc import Sequence
from decimal import Decimal

from kvalitet.reports.control_chart import ControlChart, ControlPoint, control_chart
from kvalitet.reports.languages import Language
from kvalitet.reports.model import CheckRecord, Measured

#: How many of the measurements the table under the chart lists, the newest first.
LISTED = 14
_AT_MOST = re.compile(r"højst (?P<number>[\d.]+(?:,\d+)?)(?P<percent> %)?")


def allowed(threshold: str | None) -> tuple[Decimal, bool] | None:
    """A threshold as the gate writes it: the number, and whether it is percent. None where it has another form."""
    if threshold == "ingen":
        return Decimal(0), False
    found = _AT_MOST.fullmatch(threshold or "")
    return (Decimal(found["number"].replace(",", ".")), bool(found["percent"])) if found else None


def is_by_percent(record: CheckRecord) -> bool:
    limit = allowed(record.check.threshold)
    return bool(limit and limit[1])


def chart(record: CheckRecord, language: Language) -> ControlChart | None:
    """Percent or number of violations against the threshold, oldest first. None where nothing was measured."""
    if not any(point.violations is not None for point in record.history):
        return None
    by_percent = is_by_percent(record)
    marked = _marked(record.history)
    return control_chart(
        [
            ControlPoint(
                mark=language.day(point.as_of_date) if place in marked else "",
                segment=0,
                value=_value(point, by_percent),
                upper=_limit(point, by_percent),
                is_signal=point.status == "failed",
            )
            for place, point in enumerate(record.history)
        ],
        shown=(Decimal(0), Decimal(1 if by_percent else 5)),
        number=language.number,
    )


def listed(record: CheckRecord) -> tuple[Measured, ...]:
    return tuple(reversed(record.history))[:LISTED]


def _value(point: Measured, by_percent: bool) -> Decimal | None:
    if by_percent:
        return point.percent
    return None if point.violations is None else Decimal(point.violations)


def _limit(point: Measured, by_percent: bool) -> Decimal | None:
    """The threshold of that day, where it is of the same kind as today's."""
    limit = allowed(point.threshold)
    return limit[0] if limit and limit[1] == by_percent else None


def _marked(history: Sequence[Measured]) -> set[int]:
    """The places labelled on the axis: at most three, always including the last one."""
    step = max(1, -(-len(history) // 3))
    return set(range(len(history) - 1, -1, -step))
