"""The limit of a rule's number: the standard's operators, read as it defines them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from open_data_contract_standard.model import DataQuality

#: The standard's operators and how they compare. The standard defines mustBeBetween as mustBeGreaterThan and
#: mustBeLessThan together, so the bounds themselves are outside.
OPERATORS: dict[str, Callable[..., bool]] = {
    "mustBe": lambda number, bound: number == bound,
    "mustNotBe": lambda number, bound: number != bound,
    "mustBeGreaterThan": lambda number, bound: number > bound,
    "mustBeGreaterOrEqualTo": lambda number, bound: number >= bound,
    "mustBeLessThan": lambda number, bound: number < bound,
    "mustBeLessOrEqualTo": lambda number, bound: number <= bound,
    "mustBeBetween": lambda number, low, high: low < number < high,
    "mustNotBeBetween": lambda number, low, high: not low < number < high,
}
_ENGLISH = {
    "mustBe": "must be {}",
    "mustNotBe": "must not be {}",
    "mustBeGreaterThan": "must be above {}",
    "mustBeGreaterOrEqualTo": "must be at least {}",
    "mustBeLessThan": "must be below {}",
    "mustBeLessOrEqualTo": "must be at most {}",
    "mustBeBetween": "must be above {} and below {}",
    "mustNotBeBetween": "must not be above {} and below {}",
}
#: The form in which thresholds are recorded (kvalitet.reports.languages puts them into English).
_DANISH = {
    "mustBe": "{}",
    "mustNotBe": "ikke {}",
    "mustBeGreaterThan": "over {}",
    "mustBeGreaterOrEqualTo": "mindst {}",
    "mustBeLessThan": "under {}",
    "mustBeLessOrEqualTo": "højst {}",
    "mustBeBetween": "over {} og under {}",
    "mustNotBeBetween": "ikke både over {} og under {}",
}


@dataclass(frozen=True)
class Limit:
    """One or several operators, all of which must hold for a number of rows or a percentage."""

    bounds: tuple[tuple[str, tuple[Decimal, ...]], ...]  # operator -> what it compares with
    is_percent: bool = False

    def met_by(self, number: Decimal) -> bool:
        return all(OPERATORS[operator](number, *with_) for operator, with_ in self.bounds)

    def holds(self, violations: int, denominator: int) -> bool:
        """Whether so many violations of so many rows are within the limit, as in kvalitet.gate.suites.Threshold."""
        count = Decimal(violations)
        return self.met_by(100 * count / denominator if self.is_percent else count)

    @property
    def allows_none(self) -> bool:
        """Whether it is `mustBe: 0` and nothing else."""
        return self.bounds == (("mustBe", (Decimal(0),)),)

    @property
    def in_english(self) -> str:
        return " and ".join(_ENGLISH[operator].format(*self._shown(with_)) for operator, with_ in self.bounds)

    def __str__(self) -> str:
        """The limit in Danish, as a threshold is recorded."""
        if self.allows_none:
            return "ingen"
        return " og ".join(_DANISH[operator].format(*self._shown(with_)) for operator, with_ in self.bounds).replace(
            ".", ","
        )

    def _shown(self, bounds: tuple[Decimal, ...]) -> list[str]:
        return [f"{bound:f}{' %' if self.is_percent else ''}" for bound in bounds]


def read_limit(rule: DataQuality, of_truth: bool = False) -> Limit | str:
    """The rule's limit, or why it has none that can be checked. `of_truth`: true and false are compared as 1 and 0."""
    if rule.unit not in (None, "rows", "percent"):
        return "its unit is neither rows nor percent"
    bounds = []
    for operator in OPERATORS:
        stated = getattr(rule, operator)
        if stated is None:
            continue
        numbers = [_number(one, of_truth) for one in (stated if isinstance(stated, list) else [stated])]
        if None in numbers or len(numbers) != (2 if operator.endswith("Between") else 1):
            return f"{operator} is no number" if not operator.endswith("Between") else f"{operator} is not two numbers"
        bounds.append((operator, tuple(number for number in numbers if number is not None)))
    if not bounds:
        return "it states no number to compare with"
    return Limit(tuple(bounds), rule.unit == "percent")


def _number(stated: Any, of_truth: bool) -> Decimal | None:
    if isinstance(stated, bool):
        return Decimal(int(stated)) if of_truth else None
    if not isinstance(stated, (int, float)):
        return None
    number = Decimal(str(stated))
    return number if number.is_finite() else None
