"""A contract's quality rules as checks of the gate, each with the select that counts it.

The selects read the views of the schema `judged` as the role kvalitet_rules (kvalitet.gate.asking). The views hold the
rows of this source that the build sees. kvalitet.contracts.quality says which rows count.
"""

from typing import Any

from psycopg import sql
from pydantic import field_validator

from kvalitet.contracts import Contract, QualityRule
from kvalitet.contracts.limits import Limit
from kvalitet.gate.suites import Check, Threshold

#: A rule that gives a number is broken or kept as a whole. For the other rules, the rows that break them are counted.
_AS_A_WHOLE = ("rowCount", "sql")
_COUNTED_DA = {
    "duplicateValues": "Rækker i {table}, der har samme {columns} som en anden række",
    "nullValues": "Rækker i {table} uden {columns}",
    "missingValues": "Rækker i {table}, hvor {columns} mangler",
    "invalidValues": "Rækker i {table} med en ugyldig værdi i {columns}",
    "rowCount": "Antallet af rækker i {table}",
    "sql": "Det, som kontraktens SQL-regel om {table} giver",
}


class RuleCheck(Check):
    """A check that is measured as kvalitet_rules on one source's rows."""

    source: str
    is_query: bool  # written in the contract as SQL
    #: The limit of a rule that is kept or broken as a whole. The number is compared where it is asked.
    must_be: Limit | None = None
    threshold: Threshold | Limit = Threshold(violations=0)

    @field_validator("count_violations")
    @classmethod
    def _one_select(cls, query: str | None) -> str | None:
        return query  # made here, or read by kvalitet.contracts.sql_rule

    @property
    def rule(self) -> str:
        """The select, followed by the limit where that is no threshold on the counted rows."""
        return f"{self.count_violations or ''}{f' -- {self.must_be.in_english}' if self.must_be else ''}"


def rule_checks(contract: Contract) -> list[dict[str, Any]]:
    """The fields of a RuleCheck for each rule that is measured. The suite completes advice and ids."""
    return [_check(contract, rule) for rule in contract.quality if rule.is_measured]


def _check(contract: Contract, rule: QualityRule) -> dict[str, Any]:
    assert rule.limit is not None
    as_a_whole = rule.name in _AS_A_WHOLE
    what = _COUNTED_DA[rule.name].format(table=rule.table, columns=", ".join(rule.columns))
    share = ", af alle rækker" if rule.limit.is_percent else ""
    return {
        "id": rule.id,
        "source": contract.id,
        "is_query": rule.name == "sql",
        "must_hold": f"{what}{share}: {rule.limit}.",
        "count_violations": asked(contract, rule),
        "threshold": Threshold(violations=0) if as_a_whole else rule.limit,
        "must_be": rule.limit if as_a_whole else None,
        "severity": rule.severity,
    }


def asked(contract: Contract, rule: QualityRule) -> str:
    """The select of a measured rule. It gives one `number` for the whole, or `violations` and `denominator`."""
    if rule.name == "sql":
        return _with_tables(contract, rule.query)
    rows, table = _rows(contract, rule.table), _text(rule.table)
    # A row set aside for several columns has several broken values, but two rows with one key share one row_id.
    set_aside = "select count(distinct (row_id, row_number)) from judged.set_aside where is_newest and table_name ="
    all_rows = f"(select count(*) from {rows}) + ({set_aside} {table} and not holds_previous)"
    if rule.name == "rowCount":
        return f"select {all_rows} as number"
    broken = (
        f"(select count(*) from {_broken(contract, rule)}) + ({set_aside} {table} and {_set_aside(contract, rule)})"
    )
    return f"select {broken} as violations, {all_rows} as denominator"


def _with_tables(contract: Contract, query: str) -> str:
    """The query as it stands in the contract, with each of the contract's tables available under its own name."""
    tables = ", ".join(f"{_name(table)} as (select * from {_rows(contract, table)})" for table in contract.tables)
    return f"with {tables} select (\n{query}\n) as number"


def _broken(contract: Contract, rule: QualityRule) -> str:
    """The accepted rows that break the rule."""
    rows, columns = _rows(contract, rule.table), [_name(column) for column in rule.columns]
    if rule.name == "duplicateValues":
        filled = " and ".join(f"{column} is not null" for column in columns)
        alike = f"count(*) over (partition by {', '.join(columns)}) as alike"
        return f"(select {alike} from {rows} where {filled}) as shared where alike > 1"
    return f"{rows} where {' or '.join(_is_counted(rule, column) for column in columns)}"


def _is_counted(rule: QualityRule, column: str) -> str:
    values = [value for value in rule.values if value is not None]
    listed = f"{column} in ({', '.join(map(_text, values))})"
    if rule.name == "nullValues":
        return f"{column} is null"
    if rule.name == "missingValues":
        return " or ".join([*([f"{column} is null"] if None in rule.values else []), *([listed] if values else [])])
    broken = [f"not {listed}"] if values else []
    return " or ".join([*broken, *([f"{column} !~ {_text(rule.pattern)}"] if rule.pattern else [])])


def _set_aside(contract: Contract, rule: QualityRule) -> str:
    """The condition on broken values of rows set aside by which such a row breaks the rule."""
    if rule.name == "duplicateValues":
        return "rule = 'duplicate_key'" if set(rule.columns) <= set(contract.tables[rule.table].key) else "false"
    of_columns = f"column_name in ({', '.join(map(_text, rule.columns))})"
    if rule.name == "invalidValues":
        return f"{of_columns} and rule <> 'required'"
    return f"{of_columns} and rule = 'required'" if rule.name == "nullValues" or None in rule.values else "false"


def _rows(contract: Contract, table: str) -> str:
    return sql.Identifier("judged", contract.tables[table].raw_name).as_string(None)


def _name(of: str) -> str:
    return sql.Identifier(of).as_string(None)


def _text(value: object) -> str:
    return sql.Literal(value).as_string(None)
