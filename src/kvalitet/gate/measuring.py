"""Measures a schema with Great Expectations, in a context that leaves nothing behind.

Great Expectations takes 5 s to import, so only the task that measures imports this module. Its results are read as
counts. Observed values are neither asked for nor kept.
"""

import logging
import os
import re
from typing import Any, ClassVar

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before the import, so that nothing is sent to any host

import great_expectations as gx
from great_expectations.expectations.expectation import QueryExpectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl

from kvalitet.gate.rules import RuleCheck
from kvalitet.gate.suites import Check, Suite
from kvalitet.gate.verdict import Measurement

_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
#: Database errors whose message names only tables and columns. Others may quote a value.
_TELLING = ("UndefinedColumn", "UndefinedTable", "UndefinedFunction", "InsufficientPrivilege", "SyntaxError")


class ExpectViolations(QueryExpectation):
    """A select that counts `violations` of a `denominator`. The verdict decides whether that is too many."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.table",)
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    query: str

    def _validate(self, metrics: dict, runtime_configuration: Any = None, execution_engine: Any = None) -> dict:
        rows = metrics["query.table"]
        if len(rows) != 1:
            raise ValueError("the select must give exactly one row")
        violations, denominator = int(rows[0]["violations"] or 0), int(rows[0]["denominator"] or 0)
        return {"success": True, "result": {"violations": violations, "denominator": denominator}}


def measure(url: str, suites: list[Suite], skipped: set[str]) -> dict[str, Measurement]:
    """Measure all checks except the `skipped`, by check id. `url` is a libpq URL with the search path set."""
    for name in ("great_expectations", "great_expectations.data_context.types.base"):  # the second sets its own level
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # pyright: ignore[reportAttributeAccessIssue]
    source = context.data_sources.add_postgres("warehouse", connection_string=url.replace("://", "+psycopg://", 1))
    measured: dict[str, Measurement] = {}
    try:
        for suite in suites:
            checks = [check for check in suite.checks if check.id not in skipped and not isinstance(check, RuleCheck)]
            measured |= _measure_suite(source, suite, checks)
    finally:
        source.get_engine().dispose()
    return measured


def _measure_suite(source: Any, suite: Suite, checks: list[Check]) -> dict[str, Measurement]:
    table = suite.reads or suite.table
    expectations, measured = {}, {}
    for check in checks:
        try:
            expectations[check.id] = _expectation(check)
        except Exception as error:  # whatever a rule's own validation raises is that check's error
            measured[check.id] = Measurement(error=f"The rule cannot be used: {_plain(str(error))}")
    if not expectations:
        return measured
    try:
        batch = (
            source.add_table_asset(suite.table, table_name=table).add_batch_definition_whole_table(table).get_batch()
        )
    except Exception as error:
        reason = f"{table} cannot be read: {_reason(str(error))}"
        return measured | {check_id: Measurement(error=reason) for check_id in expectations}
    found = _validate(batch, list(expectations.values()))
    for check_id, expectation in expectations.items():
        result = found.get(check_id)
        if result is None or result.error:
            # One broken check also breaks those that share its query, so each is asked again alone.
            result = _validate(batch, [expectation]).get(check_id)
        measured[check_id] = result or Measurement(error="No result came back.")
    return measured


def _expectation(check: Check) -> Any:
    meta = {"id": check.id}
    if check.count_violations:
        return ExpectViolations(query=check.count_violations, severity=FailureSeverity(check.severity), meta=meta)
    assert check.expectation is not None
    implementation = get_expectation_impl(check.expectation.type)
    return implementation(**check.expectation.kwargs, severity=FailureSeverity(check.severity), meta=meta)


def _validate(batch: Any, expectations: list[Any]) -> dict[str, Measurement]:
    try:
        outcome = batch.validate(
            gx.ExpectationSuite(name="checks", expectations=expectations), result_format=_RESULT_FORMAT
        )
    except Exception as error:
        reason = _reason(str(error))
        return {e.meta["id"]: Measurement(error=reason) for e in expectations}
    return {result.expectation_config.meta["id"]: _read(result) for result in outcome.results}


def _read(result: Any) -> Measurement:
    """The counts of a result. Whatever else Great Expectations found is not read."""
    counted = result.result or {}
    if "violations" in counted:
        return Measurement(counted["violations"], counted["denominator"])
    if "element_count" in counted:
        denominator = counted["element_count"] - (counted.get("missing_count") or 0)
        return Measurement(counted["unexpected_count"] or 0, denominator)
    if result.expectation_config.type.startswith("expect_table_row_count") and "observed_value" in counted:
        return Measurement(int(not result.success), int(counted["observed_value"]))
    if counted and not _messages(result):
        return Measurement(error="The rule does not count rows: write it as `count_violations:`.")
    return Measurement(error=_reason(_messages(result)))


def _messages(result: Any) -> str:
    info = result.exception_info or {}
    parts = info.values() if "raised_exception" not in info else [info]
    texts = [f"{part.get('exception_traceback')}\n{part.get('exception_message')}" for part in parts if part]
    return "\n".join(text for text in texts if text != "None\nNone")


def _reason(text: str) -> str:
    """The kind of error, with its message only where that cannot quote a value."""
    match = re.search(r"psycopg\.errors\.(\w+)\)?:? ([^\n]*)", text)
    if match:
        return f"{match[1]}: {match[2]}" if match[1] in _TELLING else f"Database error {match[1]}."
    match = re.search(r'The column "(\w+)" in BatchData does not exist', text)
    if match:
        return f"UndefinedColumn: column {match[1]} does not exist"
    names = re.findall(r"^(?:[\w.]+\.)?(\w+(?:Error|Exception))\b", text, re.M)
    return f"{names[-1] if names else 'Error'} while it was measured."


def _plain(text: str) -> str:
    return " ".join(text.split())[:200]
