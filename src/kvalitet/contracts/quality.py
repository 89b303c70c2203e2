"""The quality rules of a contract: each is measured as it is written, or said not to be measured."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

from kvalitet.contracts.model import Column, QualityRule, Table
from kvalitet.spelling.text import tidy

_OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip


def read_rules(schemas: Iterable[SchemaObject], tables: Iterable[Table]) -> Iterator[QualityRule]:
    """Every rule of every table and column, in the contract's order."""
    for schema, table in zip(schemas, tables, strict=True):
        columns = {column.name: column for column in table.columns}
        measured: set[str | None] = set()
        for rule in schema.quality or []:
            found = _table_rule(table, rule)
            if found.measured_as in measured:
                found = replace(found, measured_as=None, not_measured_because="another rule of its kind is measured")
            measured.add(found.measured_as or "")
            yield found
        for stated in schema.properties or []:
            for rule in stated.quality or []:
                yield _column_rule(table, columns[stated.name or ""], rule)


def valid_values(stated: SchemaProperty) -> tuple[str, ...]:
    """The values that the column's first measurable invalidValues rule allows; empty where there is none."""
    for rule in stated.quality or []:
        values = (rule.arguments or {}).get("validValues")
        if _metric(rule) == "invalidValues" and _says_none(rule) and _are_texts(values):
            return as_read(values or ())
    return ()


def as_read(values: Iterable[object]) -> tuple[str, ...]:
    """Agreed values as delivered texts are read."""
    return tuple(tidy(str(value)) for value in values)


def _table_rule(table: Table, rule: DataQuality) -> QualityRule:
    metric, arguments = _metric(rule), rule.arguments or {}
    if metric == "rowCount" and not arguments and rule.unit in (None, "rows"):
        bound = _least_rows(rule)
        if bound is not None:
            return _rule(table, "", rule, "row_count", least_rows=bound)
        return _rule(table, "", rule, None, "only a lowest number of rows is measured")
    if metric == "duplicateValues":
        over = arguments.get("properties") or list(table.key)
        if not isinstance(over, list) or sorted(map(str, over)) != sorted(table.key):
            return _rule(table, "", rule, None, "duplicates are measured over the key only")
        if set(arguments) - {"properties"}:
            return _rule(table, "", rule, None, "its arguments are not known here")
        if _says_none(rule):
            return _rule(table, "", rule, "duplicate_key")
        if _operators(rule) == {"mustBeLessThan"} and rule.unit == "percent" and 0 < (rule.mustBeLessThan or 0) <= 100:
            return _rule(table, "", rule, "duplicate_key", percent=float(rule.mustBeLessThan or 0))
        return _rule(table, "", rule, None, "its limit is not one that is measured here")
    return _rule(table, "", rule, None, _unknown(rule))


def _column_rule(table: Table, column: Column, rule: DataQuality) -> QualityRule:
    metric, arguments = _metric(rule), rule.arguments or {}
    if _says_none(rule) and metric == "invalidValues" and column.valid_values:
        values = arguments.get("validValues")
        if set(arguments) == {"validValues"} and _are_texts(values) and as_read(values or ()) == column.valid_values:
            return _rule(table, column.name, rule, "valid_values")
    elif _says_none(rule) and metric in ("nullValues", "missingValues") and column.is_required and not arguments:
        return _rule(table, column.name, rule, "required")
    if metric in ("invalidValues", "nullValues", "missingValues"):
        return _rule(table, column.name, rule, None, "its limit or its arguments are not measured here")
    return _rule(table, column.name, rule, None, _unknown(rule))


def _rule(
    table: Table,
    column: str,
    rule: DataQuality,
    measured_as: Literal["row_count", "duplicate_key", "valid_values", "required"] | None,
    not_measured_because: str = "",
    least_rows: int = 0,
    percent: float | None = None,
) -> QualityRule:
    return QualityRule(
        table=table.name,
        column=column,
        name=_metric(rule) or rule.type or "rule",
        description=rule.description or "",
        severity="critical" if rule.severity == "error" else "warning",
        measured_as=measured_as,
        not_measured_because=not_measured_because,
        least_rows=least_rows,
        less_than_percent=percent,
    )


def _metric(rule: DataQuality) -> str:
    """Of a library rule; empty for SQL, custom and text rules."""
    return (rule.metric or rule.rule or "") if rule.type in (None, "library") else ""


def _unknown(rule: DataQuality) -> str:
    metric = _metric(rule)
    return f"the metric {metric} is not measured here" if metric else f"rules of type {rule.type} are not measured here"


def _operators(rule: DataQuality) -> set[str]:
    return {name for name in _OPERATORS if getattr(rule, name) is not None}


def _says_none(rule: DataQuality) -> bool:
    """Whether the rule allows no row at all."""
    return _operators(rule) == {"mustBe"} and rule.mustBe == 0 and not isinstance(rule.mustBe, bool)


def _least_rows(rule: DataQuality) -> int | None:
    if _operators(rule) == {"mustBeGreaterThan"} and isinstance(rule.mustBeGreaterThan, int):
        return rule.mustBeGreaterThan + 1
    if _operators(rule) == {"mustBeGreaterOrEqualTo"} and isinstance(rule.mustBeGreaterOrEqualTo, int):
        return rule.mustBeGreaterOrEqualTo
    return None


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, (str, int, float)) for v in values)
