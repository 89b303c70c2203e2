"""The suites as people write them: expectations/suites/<model>.yaml, read and checked.

expectations/suites/README.md says what each field means. A file that cannot be used is refused
with its name, the check at fault and what to write instead.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kvalitet.errors import KvalitetError


class SuiteInvalid(KvalitetError):
    """A suite file that nobody can run: nothing is measured before it is mended."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Threshold(_Strict):
    """How much may be wrong: so many rows, or so many percent of what was measured."""

    violations: int | None = Field(default=None, ge=0)
    percent: float | None = Field(default=None, gt=0, le=100)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Threshold":
        if (self.violations is None) == (self.percent is None):
            raise ValueError("write either `violations: 0` or `percent: 1`")
        return self

    def holds(self, violations: int, denominator: int) -> bool:
        """Whether so many of so many are within it."""
        if self.percent is not None:
            return violations * 100 <= self.percent * denominator
        return violations <= (self.violations or 0)

    def __str__(self) -> str:
        if self.percent is not None:
            return f"højst {self.percent:g} %".replace(".", ",")
        return "ingen" if self.violations == 0 else f"højst {self.violations}"


class NotApplicable(_Strict):
    """When a check has nothing to measure, decided beforehand: `sql` gives one true or false."""

    reason: str = Field(min_length=5)
    sql: str = Field(min_length=5)


class Expectation(_Strict):
    """One of Great Expectations' own rules, by its name, with its arguments."""

    type: str = Field(pattern=r"^expect_\w+$")
    kwargs: dict[str, Any] = Field(default_factory=dict)


class Check(_Strict):
    """One rule: what must hold, why, and what to do where it does not."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    must_hold: str = Field(min_length=10)
    expectation: Expectation | None = None
    count_violations: str | None = None
    threshold: Threshold = Threshold(violations=0)
    why: str = Field(min_length=10)
    severity: Literal["critical", "warning"]
    owner: str = Field(min_length=2)
    advice_engineer: str = Field(min_length=10)
    advice_reader: str = Field(min_length=10)
    #: Asked in order until one is true, so that a later one may read what an earlier one found to be there.
    not_applicable_when: tuple[NotApplicable, ...] = ()

    @field_validator("not_applicable_when", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value

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


class Suite(_Strict):
    """The checks of one star or report table."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    owner: str
    reads: str | None = None  # the table to connect to, where the suite is not about one (kvalitet.gate.deliveries)
    checks: tuple[Check, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _inherit_owner(cls, values: Any) -> Any:
        """A check without an owner of its own is the suite's owner's."""
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


def load_suites(folder: Path) -> list[Suite]:
    """All suites of a folder, by table. Raises SuiteInvalid with every fault found."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise SuiteInvalid(f"There are no suites in {folder}.", "Without checks nothing may be published.")
    suites: list[Suite] = []
    faults: list[str] = []
    owners: dict[str, str] = {}
    for file in files:
        try:
            raw = yaml.safe_load(file.read_text(encoding="utf-8"))
            suite = Suite.model_validate(raw)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            faults.append(f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML")
            continue
        except ValidationError as error:
            faults += [_fault(file, raw, dict(one)) for one in error.errors(include_url=False)]
            continue
        if file.stem != suite.table:
            faults.append(f"{file.name}: it is about {suite.table}; call it {suite.table}.yaml")
        for check in suite.checks:
            if check.id in owners:
                faults.append(f"{file.name}, {check.id}: the id is taken in {owners[check.id]}")
            owners[check.id] = file.name
        suites.append(suite)
    if faults:
        raise SuiteInvalid(f"The suites cannot be used: {'; '.join(faults)}.", "See expectations/suites/README.md.")
    return suites


def _fault(file: Path, raw: Any, error: dict[str, Any]) -> str:
    """`file, check: field: what is wrong`."""
    place = list(error["loc"])
    name = ""
    if len(place) > 1 and place[0] == "checks" and isinstance(place[1], int):
        check = raw["checks"][place[1]]
        name = f", {check.get('id', f'check number {place[1] + 1}') if isinstance(check, dict) else place[1] + 1}"
        place = place[2:]
    what = {"missing": "is missing", "extra_forbidden": "is not a field of a suite"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    where = ".".join(map(str, place))
    return f"{file.name}{name}: {where + ': ' if where else ''}{what}"
