"""A night's summary of its checks never takes a warning for a failure that holds a build back."""

import pytest

from kvalitet.gate.counted import CheckCounts

PASSED, SKIPPED = ("passed", "critical", False, 709), ("not_applicable", "warning", False, 47)


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        ([], "0 failed"),
        ([("failed", "warning", False, 17)], "17 failed (0 critical, 17 warnings)"),
        ([("failed", "critical", False, 2), ("failed", "warning", False, 1)], "3 failed (2 critical, 1 warning)"),
        ([("failed", "critical", True, 1)], "1 failed (0 critical, 0 warnings, 1 waived)"),
        ([("error", "critical", False, 1)], "1 failed (1 critical, 0 warnings; 1 could not be measured)"),
    ],
)
def test_failed_checks_are_grouped_by_effect(failed, said):
    assert str(CheckCounts.of([PASSED, SKIPPED, *failed])) == f"709 passed, 47 not applicable, {said}"


def test_held_checks_are_counted_apart():
    counted = CheckCounts.of([("held", "critical", False, 161), ("held", "warning", False, 2), PASSED])
    assert str(counted) == "709 passed, 163 held by the database, 0 not applicable, 0 failed"
    assert (counted.passed, counted.held, counted.total) == (709, 163, 872)


def test_gate_not_asked_counts_nothing():
    assert CheckCounts.of([]).total == 0
