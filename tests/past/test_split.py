"""How the changes of figures are split, worked out by hand on one or two figures."""

from datetime import date
from decimal import Decimal

import pytest

from kvalitet.contracts import Column, Table
from kvalitet.past.restated_rows import restated_variable
from kvalitet.past.restatement import by_key, split


def figure(value: str | None, is_suppressed: bool = False, period: str = "2023", version: int = 1) -> dict:
    number = Decimal(value) if value is not None else None
    key = dict.fromkeys(("indicator_id", "source_id", "organisation_id", "authority", "period_kind"), "x")
    return {
        **key,
        "period_label": period,
        "breakdown_kind": "ingen",
        "breakdown_member": "alle",
        "period_start": date(2023, 1, 1),
        "indicator_version": version,
        "value": number,
        "numerator": None,
        "denominator": None,
        "is_suppressed": is_suppressed,
    }


def states(*values: str | None) -> list[dict]:
    """The five states of one figure: a number, None (no value), "." (hidden), or "-" (no such figure)."""
    found = []
    for value in values:
        rows = [] if value == "-" else [figure(None if value == "." else value, is_suppressed=value == ".")]
        found.append(by_key(rows))
    return found


def told(*values: str | None) -> dict | None:
    rows = list(split(states(*values)))
    assert len(rows) <= 1
    return rows[0] if rows else None


def stages(row: dict | None) -> list[str | None]:
    assert row
    names = (
        "value_from",
        "value_after_definition",
        "value_after_reclassification",
        "value_after_correction",
        "value_to",
    )
    return [None if row[name] is None else str(row[name]) for name in names]


def test_unchanged_figure_is_left_out():
    assert told("5", "5", "5", "5", "5") is None
    assert told("5", "5.0", "5", "5", "5") is None


def test_changes_that_cancel_out_are_listed():
    row = told("5", "5", "8", "8", "5")
    assert row and (row["status"], row["cause"]) == ("split", None)
    assert stages(row) == ["5", "5", "8", "8", "5"]


def test_step_without_value_keeps_previous():
    """Every case of the year was withdrawn and new ones came, so the share has no value in between."""
    assert stages(told("40", "40", "-", None, "60")) == ["40", "40", "40", "40", "60"]


@pytest.mark.parametrize("hidden", range(5))
def test_hidden_figure_is_not_split(hidden):
    values: list[str | None] = ["9", "9", "8", "7", "6"]
    values[hidden] = "."
    row = told(*values)
    assert row and row["status"] == "hidden"
    assert stages(row) == [None if hidden == 0 else "9", None, None, None, None if hidden == 4 else "6"]


def test_figure_hidden_at_both_ends_is_omitted():
    assert told(".", "3", "4", "5", ".") is None


@pytest.mark.parametrize(
    ("values", "status", "cause"),
    [
        (("-", "4", "4", "4", "4"), "new", "definition"),
        (("-", "-", "4", "4", "5"), "new", "reclassification"),
        ((None, None, None, "4", "4"), "new", "correction"),
        (("-", "-", "-", "-", "4"), "new", "late_data"),
        (("-", "4", "-", "-", "4"), "new", "late_data"),
        (("4", "-", "-", "-", "-"), "gone", "definition"),
        (("4", "4", "4", None, None), "gone", "correction"),
    ],
)
def test_figure_of_one_publication_has_cause(values, status, cause):
    row = told(*values)
    assert row and (row["status"], row["cause"]) == (status, cause)


def test_new_version_is_same_figure():
    (row,) = split([by_key([figure("5")]), *[by_key([figure("6", version=2)])] * 4])
    assert (row["indicator_version_from"], row["indicator_version_to"]) == (1, 2)
    assert stages(row) == ["5", "6", "6", "6", "6"]


def column(name: str, **more) -> Column:
    return Column(name, name, "string", "", "internal", **more)


def test_contract_decides_each_value():
    cases = Table(
        "a", "cases", "", "c_{cutoff}.csv", True,
        (
            column("number", key_position=1),
            column("theme", role="classification"),
            column("days", missing_values={".": "suppressed"}),
            Column("note", "note", "string", "", "sensitive"),
        ),
    )  # fmt: skip
    units = Table("b", "units", "", "u_{cutoff}.csv", True, (column("unit", key_position=1),), role="classification")
    found = restated_variable([cases, units], {"a": 7}, "correction", {})
    assert found["a__cases"]["columns"] == [
        {"name": "number", "takes": "said", "stated_by": "number"},
        {"name": "theme", "takes": "later", "stated_by": "theme"},
        {"name": "days", "takes": "stated", "stated_by": "days"},
        {"name": "days_missing_reason", "takes": "stated", "stated_by": "days"},
    ]
    assert (found["a__cases"]["load"], found["a__cases"]["drops_withdrawn"]) == (7, True)
    assert (found["b__units"]["load"], found["b__units"]["whole"]) == (None, True)
    (*_, days, _) = restated_variable([cases], {"a": 7}, "reclassification", {})["a__cases"]["columns"]
    assert days["takes"] == "said"


def test_more_decimals_are_no_change() -> None:
    """Once a third was published with twenty decimals. 1/2048 has eleven, and is rounded as in Postgres."""
    assert told("33.33333333333333333333", *["33.3333333333"] * 4) is None
    assert told("0.00048828125", *["0.0004882813"] * 4) is None
    assert told("33.33333333333333333333", *["33.3333333334"] * 4) is not None
