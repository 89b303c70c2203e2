"""What the gate says of a build: one result per check, and whether readers may have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kvalitet.errors import KvalitetError

Status = Literal["error", "not_applicable", "failed", "passed"]


@dataclass(frozen=True)
class CheckResult:
    """The measurement of one check: how many of how many, and the one status that follows.

    `detail` says why a check is not applicable, in error, or had nothing to measure; it never
    holds a value from a delivery.
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

    @property
    def blocks(self) -> bool:
        return self.severity == "critical" and self.status in ("failed", "error")

    @property
    def measured(self) -> str:
        """How many of how many, or why nothing was measured."""
        if self.violations is None or self.denominator is None:
            return self.detail or "not measured"
        return f"{self.violations} of {self.denominator}"


@dataclass(frozen=True)
class Verdict:
    """`passed` says whether the build may be published; warnings do not stop it."""

    build_id: int
    passed: bool
    results: tuple[CheckResult, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed_critical(self) -> list[CheckResult]:
        return [result for result in self.results if result.blocks]

    @property
    def warnings(self) -> list[CheckResult]:
        return [r for r in self.results if r.severity == "warning" and r.status in ("failed", "error")]

    @property
    def message(self) -> str:
        """For the build's record: what stopped it, or what it passed with."""
        if self.passed:
            return f"{self.counts['passed']} checks passed, {len(self.warnings)} warnings."
        shown = [f"{r.check_id} ({r.status}): {r.measured}. {r.description}" for r in self.failed_critical[:5]]
        more = len(self.failed_critical) - len(shown)
        return " | ".join(shown) + (f" | and {more} more" if more > 0 else "")

    @property
    def remedy(self) -> str:
        """What to do, from the checks that stopped the build."""
        return " ".join(dict.fromkeys(f"{r.check_id}: {r.advice_engineer}" for r in self.failed_critical[:5]))


def verdict(build_id: int, results: list[CheckResult]) -> Verdict:
    """Critical checks let a build through only where they passed or were declared not applicable."""
    counts: dict[str, int] = dict.fromkeys(("error", "failed", "not_applicable", "passed"), 0)
    for result in results:
        counts[result.status] += 1
    passed = counts["passed"] > 0 and not any(result.blocks for result in results)
    return Verdict(build_id, passed, tuple(results), counts)


class GateClosed(KvalitetError):
    """The build is held back: readers keep what they have."""

    def __init__(self, judged: Verdict) -> None:
        self.verdict = judged
        super().__init__(f"Build {judged.build_id} is held back. {judged.message}", judged.remedy)
