"""A gate's results counted and put in one sentence, the same in the terminal, in logs and in the build's record."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

#: For a build (`build_id`), the `count` of results per status, severity and whether they are waived.
COUNTED = """
select status, severity, coalesce(waiver.is_used, false) as is_waived, count(*)::int as count
from audit.newest_check_result as result
left join audit.check_waiver as waiver using (judgement_id, check_id)
where build_id = %(build_id)s group by 1, 2, 3
"""


@dataclass(frozen=True)
class CheckCounts:
    """The number of checks by result. `critical`, `warnings` and `waived` failed or could not be measured (`errors`).

    `held` are those that the database enforces by itself. Nothing was measured for them, and they are not among the
    passed.
    """

    passed: int = 0
    held: int = 0
    not_applicable: int = 0
    errors: int = 0
    critical: int = 0
    warnings: int = 0
    waived: int = 0

    @classmethod
    def of(cls, results: Iterable[tuple[str, str, bool, int]]) -> "CheckCounts":
        """Counts from rows of (status, severity, whether it is waived, how many)."""
        found = dict.fromkeys(("passed", "held", "not_applicable", "errors", "critical", "warnings", "waived"), 0)
        for status, severity, is_waived, count in results:
            if status in ("passed", "held", "not_applicable"):
                found[status] += count
                continue
            found["errors"] += count if status == "error" else 0
            found[_weight(severity, is_waived)] += count
        return cls(**found)

    @property
    def total(self) -> int:
        return self.passed + self.held + self.not_applicable + self.failed

    @property
    def failed(self) -> int:
        """The number of checks that did not hold or could not be measured."""
        return self.critical + self.warnings + self.waived

    def __str__(self) -> str:
        """E.g. `552 passed, 157 held by the database, 47 not applicable, 17 failed (0 critical, 17 warnings)`."""
        held = f"{self.held:,} held by the database, " if self.held else ""
        said = f"{self.passed:,} passed, {held}{self.not_applicable:,} not applicable, {self.failed:,} failed"
        if not self.failed:
            return said
        parts = [f"{self.critical:,} critical", f"{self.warnings:,} warning{'' if self.warnings == 1 else 's'}"]
        parts += [f"{self.waived:,} waived"] if self.waived else []
        errors = f"; {self.errors:,} could not be measured" if self.errors else ""
        return f"{said} ({', '.join(parts)}{errors})"


def _weight(severity: str, is_waived: bool) -> Literal["critical", "warnings", "waived"]:
    if is_waived:
        return "waived"
    return "critical" if severity == "critical" else "warnings"
