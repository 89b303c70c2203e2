"""The gate: what a build must satisfy before anyone may read it."""

from kvalitet.gate.judging import validate
from kvalitet.gate.loading import load_suites
from kvalitet.gate.suites import Suite, SuiteInvalid
from kvalitet.gate.verdict import CheckResult, GateClosed, Verdict

__all__ = ["CheckResult", "GateClosed", "Suite", "SuiteInvalid", "Verdict", "load_suites", "validate"]
