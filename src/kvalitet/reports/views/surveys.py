"""The notes beside every figure of a survey: how many answered, and what share that is of those asked."""

from kvalitet.reports import danish
from kvalitet.reports.model import Indicator, Indicators, Value

#: The deliveries that hold answers to surveys.
CONTRACTS = frozenset({"citizen_surveys", "supplier_surveys"})
#: The names of the indicators that are response rates.
RESPONSE_RATE = "svarprocent"


def is_survey(indicator: Indicator) -> bool:
    return not CONTRACTS.isdisjoint(indicator.rests_on.split("; "))


class Notes:
    """Looks up n and response rate of a survey's figures."""

    def __init__(self, data: Indicators) -> None:
        self._surveys = {i.indicator_id for i in data.indicators if is_survey(i)}
        self._rates = {
            _round(value): value.value
            for value in data.values
            if value.indicator_id in self._surveys and RESPONSE_RATE in value.indicator_id
        }

    def of(self, value: Value) -> str:
        """E.g. `n = 331 · svarprocent 38,8 %`. Empty where the figure is of no survey, or hidden."""
        if value.indicator_id not in self._surveys or value.value is None:
            return ""
        count = "n ikke oplyst" if value.n is None else f"n = {danish.number(value.n)}"
        if RESPONSE_RATE in value.indicator_id:
            return count
        rate = self._rates.get(_round(value))
        return f"{count} · svarprocent {'ikke oplyst' if rate is None else danish.number(rate, 1) + ' %'}"


def _round(value: Value) -> tuple:
    return (
        value.source_id, value.authority, value.organisation_id, value.period_kind, value.period_label,
        value.breakdown_kind, value.breakdown_member,
    )  # fmt: skip
