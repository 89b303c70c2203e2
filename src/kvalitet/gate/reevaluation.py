"""Applies today's thresholds and waivers to earlier counts, without the data."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from kvalitet.errors import KvalitetError
from kvalitet.gate.deliveries import all_suites
from kvalitet.gate.verdict import CheckResult, Measurement, Verdict
from kvalitet.gate.waivers import load_waivers
from kvalitet.settings import AUDITOR, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

_NEWEST = "select * from audit.newest_judgement where build_id = %s"
_STORED = """
select check_id, suite, severity, status, threshold, violations, denominator, detail, rule_sha256
from audit.check_result where judgement_id = %s order by check_id
"""


@dataclass(frozen=True)
class Change:
    """One check whose verdict would change. `then` and `now` are statuses."""

    check_id: str
    severity: str
    violations: int | None
    denominator: int | None
    then: str
    threshold_then: str
    now: str
    threshold_now: str


@dataclass(frozen=True)
class Reevaluation:
    """Today's verdict on the measurements of one build. Nothing is recorded, and no build's status changes.

    `not_comparable` are today's checks that were not asked then, or were asked in other words. `dropped` are checks
    that were asked then and no longer exist.
    """

    build_id: int
    judged_at: datetime
    passed_then: bool
    verdict: Verdict
    changes: tuple[Change, ...]
    not_comparable: tuple[str, ...]
    dropped: tuple[str, ...]


def reevaluate(settings: Settings, build_id: int) -> Reevaluation:
    """Apply today's thresholds, severities and waivers to the newest judgement's measurements of a build.

    Raises KvalitetError where the build was never judged, SuiteInvalid where a suite or waiver cannot be used.
    """
    suites = all_suites(settings)
    today = datetime.now(TIMEZONE).date()
    waivers = load_waivers(settings.waivers_file, suites)
    with connect(settings, AUDITOR) as connection:
        judgement = connection.execute(_NEWEST, [build_id]).fetchone()
        if judgement is None:
            raise KvalitetError(f"Build {build_id} was never judged.", f"Judge it: `kvalitet validate {build_id}`.")
        rows = connection.execute(_STORED, [judgement["judgement_id"]]).fetchall()
    stored = {row["check_id"]: row for row in rows}
    results, changes, not_comparable = [], [], []
    for suite in suites:
        for check in suite.checks:
            row = stored.pop(check.id, None)
            if row is None or row["rule_sha256"] != hashlib.sha256(check.rule.encode()).hexdigest():
                not_comparable.append(check.id)
                continue
            result = CheckResult.of(check, suite.table, _measurement(row))
            results.append(result)
            if (result.status, result.severity) != (row["status"], row["severity"]):
                changes.append(
                    Change(
                        check.id,
                        check.severity,
                        row["violations"],
                        row["denominator"],
                        row["status"],
                        row["threshold"],
                        result.status,
                        result.threshold,
                    )
                )
    in_force = {check_id: waiver for check_id, waiver in waivers.items() if waiver.holds_on(today)}
    return Reevaluation(
        build_id,
        judgement["judged_at"],
        judgement["passed"],
        Verdict(build_id, tuple(results), in_force),
        tuple(changes),
        tuple(not_comparable),
        tuple(check_id for check_id, row in stored.items() if row["rule_sha256"]),
    )


def _measurement(row: dict) -> Measurement:
    if row["status"] == "not_applicable":
        return Measurement(not_applicable=row["detail"])
    if row["status"] == "held":
        return Measurement(held_by=row["detail"] or "")
    if row["status"] == "error":
        return Measurement(error=row["detail"] or "")
    return Measurement(row["violations"], row["denominator"])
