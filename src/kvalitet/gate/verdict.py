"""The gate's verdict on a build: one result per check, and whether readers may see the build."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from kvalitet.errors import KvalitetError
from kvalitet.gate.counted import CheckCounts
from kvalitet.gate.suites import Check
from kvalitet.gate.waivers import Waiver

Status = Literal["error", "not_applicable", "failed", "held", "passed"]
Outcome = Literal["measured", "not_applicable", "held", "error"]


@dataclass(frozen=True)
class Measurement:
    """The count for one check, before any verdict: so many of so many, or why nothing was counted.

    `not_applicable` holds the declared reason. `held_by` names the constraint that makes counting unnecessary. `error`
    says what went wrong. None of them holds a personal value. `counted` is the number of a rule that is kept or broken
    as a whole.
    """

    violations: int | None = None
    denominator: int | None = None
    not_applicable: str | None = None
    error: str | None = None
    counted: Decimal | None = None
    held_by: str | None = None

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return "error"
        if self.held_by is not None:
            return "held"
        return "not_applicable" if self.not_applicable is not None else "measured"


@dataclass(frozen=True)
class CheckResult:
    """The measurement of one check: how many of how many, and the one status that follows.

    `detail` says why a check is not applicable, in error, or had nothing to measure, which number a rule gave, or what
    enforces the check. It never holds a value from a delivery.
    """

    check_id: str
    suite: str
    table_name: str
    severity: str
    status: Status
    violations: int | None
    denominator: int | None
    threshold: str
    description: str
    why: str
    owner: str
    advice_engineer: str
    advice_reader: str
    detail: str | None = None

    @classmethod
    def of(cls, check: Check, table: str, measurement: Measurement) -> "CheckResult":
        """The verdict that follows from a measurement and the check's threshold.

        A check that measured nothing never passes, because nothing was shown to hold.
        """
        status: Status = "not_applicable"
        detail = measurement.not_applicable
        if measurement.error is not None:
            status, detail = "error", measurement.error
        elif measurement.held_by is not None:
            status, detail = "held", measurement.held_by
        elif detail is None and not measurement.denominator:
            status, detail = "failed", "Der var intet at måle: 0 rækker."
        elif detail is None:
            holds = check.threshold.holds(measurement.violations or 0, measurement.denominator or 0)
            status = "passed" if holds else "failed"
            if measurement.counted is not None:
                detail = f"Målt: {measurement.counted:f}".replace(".", ",")
        return cls(
            check_id=check.id,
            suite=table,
            table_name=table,
            severity=check.severity,
            status=status,
            violations=measurement.violations,
            denominator=measurement.denominator,
            threshold=str(check.threshold),
            description=check.must_hold,
            why=check.why,
            owner=check.owner,
            advice_engineer=check.advice_engineer,
            advice_reader=check.advice_reader,
            detail=detail,
        )

    @property
    def outcome(self) -> Outcome:
        """What the verdict rests on: a measurement, or the status that stands in its place."""
        return self.status if self.status in ("not_applicable", "held", "error") else "measured"

    @property
    def measured(self) -> str:
        """How many of how many, or why nothing was measured."""
        if self.violations is None or self.denominator is None:
            return self.detail or "not measured"
        return f"{self.violations} of {self.denominator}"


@dataclass(frozen=True)
class Verdict:
    """The verdict from the measurements and the valid waivers. Warnings do not stop a build."""

    build_id: int
    results: tuple[CheckResult, ...]
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether something passed and no critical check blocks."""
        return self.counted.passed > 0 and not self.blocking

    @property
    def counted(self) -> CheckCounts:
        waived = {result.check_id for result in self.waived}
        return CheckCounts.of((r.status, r.severity, r.check_id in waived, 1) for r in self.results)

    @property
    def waived(self) -> list[CheckResult]:
        """Failed checks that a waiver lets pass: measured, and with no more violations than it covers."""
        failed = [r for r in self.results if r.status == "failed" and r.check_id in self.waivers]
        return [r for r in failed if r.violations is not None and r.violations <= self.waivers[r.check_id].covers]

    @property
    def blocking(self) -> list[CheckResult]:
        """Critical checks that failed or could not be measured, and are not waived."""
        critical = [r for r in self.results if r.severity == "critical" and r.status in ("failed", "error")]
        return [r for r in critical if r not in self.waived]

    @property
    def warnings(self) -> list[CheckResult]:
        failed = [r for r in self.results if r.severity == "warning" and r.status in ("failed", "error")]
        return [r for r in failed if r not in self.waived]

    @property
    def message(self) -> str:
        """The text for the build's record: what stopped it, or what it passed with."""
        if self.passed:
            return f"{self.counted}."
        shown = [f"{r.check_id} ({r.status}): {r.measured}. {r.description}" for r in self.blocking[:5]]
        more = len(self.blocking) - len(shown)
        return " | ".join(shown) + (f" | and {more} more" if more > 0 else "")

    @property
    def remedy(self) -> str:
        """What to do, from the advice of the checks that stopped the build."""
        return " ".join(dict.fromkeys(f"{r.check_id}: {r.advice_engineer}" for r in self.blocking[:5]))


class GateClosed(KvalitetError):
    """The build is held back, and readers keep what they have."""

    def __init__(self, judged: Verdict) -> None:
        self.verdict = judged
        super().__init__(f"Build {judged.build_id} is held back. {judged.message}", judged.remedy)
