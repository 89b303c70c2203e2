"""Defines suites and checks. expectations/suites/README.md says what each field means."""

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kvalitet.errors import KvalitetError


class SuiteInvalid(KvalitetError):
    """A suite file that cannot be run. Nothing is measured before it is corrected."""


class Strict(BaseModel):
    """A model that accepts only the fields it declares."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Threshold(Strict):
    """How much may be wrong: a number of rows, or a percentage of what was measured."""

    violations: int | None = Field(default=None, ge=0)
    percent: float | None = Field(default=None, gt=0, le=100)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Threshold":
        if (self.violations is None) == (self.percent is None):
            raise ValueError("write either `violations: 0` or `percent: 1`")
        return self

    def holds(self, violations: int, denominator: int) -> bool:
        """Whether `violations` of `denominator` are within the threshold."""
        if self.percent is not None:
            return violations * 100 <= self.percent * denominator
        return violations <= (self.violations or 0)

    def __str__(self) -> str:
        if self.percent is not None:
            return f"højst {self.percent:g} %".replace(".", ",")
        return "ingen" if self.violations == 0 else f"højst {self.violations}"


class NotApplicable(Strict):
    """When a check has nothing to measure, decided beforehand. `sql` returns true or false."""

    reason: str = Field(min_length=5)
    sql: str = Field(min_length=5)


class Expectation(Strict):
    """One of Great Expectations' own rules, by its name, with its arguments."""

    type: str = Field(pattern=r"^expect_\w+$")
    kwargs: dict[str, Any] = Field(default_factory=dict)


Severity = Literal["critical", "warning"]


class Check(Strict):
    """One rule: what must hold, why, and what to do where it does not."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    must_hold: str = Field(min_length=10)
    expectation: Expectation | None = None
    count_violations: str | None = None
    threshold: Threshold = Threshold(violations=0)
    why: str = Field(min_length=10)
    severity: Severity
    owner: str = Field(min_length=2)
    advice_engineer: str = Field(min_length=10)
    advice_reader: str = Field(min_length=10)
    #: Asked in order until one is true, so that a later one may read what an earlier one found to exist.
    not_applicable_when: tuple[NotApplicable, ...] = ()

    @field_validator("not_applicable_when", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict | NotApplicable) else value

    @field_validator("count_violations")
    @classmethod
    def _one_select(cls, query: str | None) -> str | None:
        if query is None:
            return None
        text = query.rstrip("; \n")
        if not re.match(r"(?is)\s*(--[^\n]*\n\s*)*(select|with)\b", text) or ";" in text:
            raise ValueError("write one select")
        if not re.search(r"\bviolations\b", text) or not re.search(r"\bdenominator\b", text):
            raise ValueError("the select must give one row with the columns `violations` and `denominator`")
        return text

    @property
    def rule(self) -> str:
        """What is asked of the table, word for word: the select, or the expectation with its arguments."""
        if self.count_violations:
            return self.count_violations
        assert self.expectation is not None
        return f"{self.expectation.type} {json.dumps(self.expectation.kwargs, ensure_ascii=False, sort_keys=True)}"

    @model_validator(mode="after")
    def _one_rule(self) -> "Check":
        if (self.expectation is None) == (self.count_violations is None):
            raise ValueError("write either `expectation:` or `count_violations:`")
        if self.expectation and self.threshold.violations not in (None, 0):
            raise ValueError("an `expectation:` allows `violations: 0` or a percent; count with `count_violations:`")
        return self


class Suite(Strict):
    """The checks of one star or report table."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    owner: str
    reads: str | None = None  # the table to connect to, where the suite is not about one (kvalitet.gate.deliveries)
    checks: tuple[Check, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _inherit_owner(cls, values: Any) -> Any:
        """Give the suite's owner to checks without an owner of their own."""
        if isinstance(values, dict) and isinstance(values.get("checks"), list):
            checks = [{"owner": values.get("owner"), **c} if isinstance(c, dict) else c for c in values["checks"]]
            return {**values, "checks": checks}
        return values

    @model_validator(mode="after")
    def _own_ids(self) -> "Suite":
        for check in self.checks:
            if not check.id.startswith(f"{self.table}_"):
                raise ValueError(f"the id {check.id} must begin with {self.table}_ (table, column, rule)")
        return self
