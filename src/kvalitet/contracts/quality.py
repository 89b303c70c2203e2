"""The quality rules of a contract. Each is measured as it is written, or reported as not measured.

A rule counts rows of one table, and its number is compared by the standard's operators. The rows are those that the
source still delivers in the build's load: the accepted ones in force, and the ones set aside that no later delivery has
corrected. A row set aside breaks a rule where its record says so, since its values are not kept:

- `rowCount`: every row. A row set aside does not count if an earlier version of it is in force.
- `nullValues`: the column is empty. A row set aside counts if the column was empty and is required.
- `missingValues`: the column holds one of the values, or is empty where `null` or `''` is one. A row set aside counts
  as for `nullValues`.
- `invalidValues`: the column is not empty and holds a value that is not valid or does not match the pattern. A row set
  aside counts if the column's value broke the contract.
- `duplicateValues`: another row has the same value in each of the columns, and none is empty. A row set aside counts if
  its key occurred twice and the columns are those of the key.

`percent` is of all these rows. Over several columns (`arguments.properties`), a row counts where one of them does. Only
duplicates take the columns together.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

from kvalitet.contracts.limits import read_limit
from kvalitet.contracts.model import Column, QualityRule, Table
from kvalitet.contracts.patterns import for_postgres
from kvalitet.contracts.sql_rule import read_query
from kvalitet.spelling.text import tidy

#: Metrics of the standard with their arguments, apart from `properties`.
METRICS = {
    "rowCount": (),
    "duplicateValues": (),
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
}
#: Names of the checks of a delivery that belong to no rule.
_TAKEN = ("fresh", "volume", "rows_accounted_for", "rows_set_aside", "rows_closed")
_KINDS = {"string": str, "integer": (int, float), "number": (int, float), "boolean": bool}
NOT_TEXTS = "has values that YAML does not read as texts: put them in quotes"


def read_rules(schemas: Iterable[SchemaObject], tables: Iterable[Table]) -> Iterator[QualityRule]:
    """Every rule of every table and column, in the contract's order."""
    ids: set[str] = set(_TAKEN)
    tables = list(tables)
    for schema, table in zip(schemas, tables, strict=True):
        places = [(None, rule) for rule in schema.quality or []]
        for column, stated in zip(table.columns, schema.properties or [], strict=True):
            places += [(column, rule) for rule in stated.quality or []]
        for column, rule in places:
            read = _Rule(table, column, rule, tables).read()
            number, wanted = 1, read.id
            while read.id in ids:
                number += 1
                read = replace(read, id=f"{wanted}_{number}")
            ids.add(read.id)
            yield read


def valid_values(stated: SchemaProperty) -> tuple[str, ...]:
    """The values of the column's first invalidValues rule that closes its list, empty without one.

    Intake sets rows with another value aside. A rule closes its list where it allows no other value, or says
    `setsAside: true`. In the second case, its limit is how many of the rows may be set aside for it.
    """
    for rule in _closed_lists(stated):
        if values := valid_values_of(rule):
            return as_read(values)
    return ()


def valid_values_of(rule: DataQuality) -> list[str]:
    """The texts that the rule names as valid. Empty where it names none, or something else as well."""
    values = (rule.arguments or {}).get("validValues")
    return values if isinstance(values, list) and all(isinstance(value, str) for value in values) else []


def has_values_that_are_no_texts(stated: SchemaProperty) -> bool:
    """Whether such a rule names `yes` or `01`, which YAML reads as true and 1."""
    return stated.logicalType == "string" and any(
        not isinstance(value, str)
        for rule in _closed_lists(stated)
        for value in (rule.arguments or {}).get("validValues") or []
        if value is not None
    )


def as_read(values: Iterable[str]) -> tuple[str, ...]:
    """Agreed values, converted as delivered texts are."""
    return tuple(tidy(value) for value in values)


def _closed_lists(stated: SchemaProperty) -> Iterator[DataQuality]:
    for rule in stated.quality or []:
        limit = read_limit(rule)
        if _metric(rule) == "invalidValues" and not isinstance(limit, str) and (limit.allows_none or _sets_aside(rule)):
            values = (rule.arguments or {}).get("validValues")
            if isinstance(values, list) and values:
                yield rule


def _sets_aside(rule: DataQuality) -> bool:
    return any(item.property == "setsAside" and item.value is True for item in rule.customProperties or [])


def _metric(rule: DataQuality) -> str:
    """The metric of a library rule. Empty for SQL, custom and text rules."""
    return (rule.metric or rule.rule or "") if rule.type in (None, "library") else ""


class _NotMeasured(Exception):
    """The reason why a rule is not measured."""


@dataclass(frozen=True)
class _Rule:
    """One rule as written in the contract, at a table or at one of its columns."""

    table: Table
    column: Column | None
    rule: DataQuality
    tables: list[Table]

    def read(self) -> QualityRule:
        name = _metric(self.rule) or self.rule.type or "rule"
        column = self.column.name if self.column else ""
        called = _slug(self.rule.id or self.rule.name or re.sub(r"(?<!^)(?=[A-Z])", "_", name))
        read = QualityRule(
            id="_".join(filter(None, (self.table.name, column, called or "rule"))),
            table=self.table.name,
            column=column,
            name=name,
            description=self.rule.description or "",
            severity="critical" if self.rule.severity == "error" else "warning",
        )
        try:
            return self._sql(read) if self.rule.type == "sql" else self._library(read)
        except _NotMeasured as reason:
            return replace(read, not_measured_because=str(reason))

    def _sql(self, read: QualityRule) -> QualityRule:
        limit = read_limit(self.rule, of_truth=True)
        if isinstance(limit, str):
            raise _NotMeasured(limit)
        if limit.is_percent:
            raise _NotMeasured("what a query gives has no unit")
        query = read_query(self.rule.query or "", self.table, self.column, self.tables)
        if not query.sql:
            raise _NotMeasured(query.refused_because)
        return replace(read, limit=limit, query=query.sql)

    def _library(self, read: QualityRule) -> QualityRule:
        self._check_sets_aside(read.name)
        if read.name not in METRICS:
            named = _metric(self.rule)
            raise _NotMeasured(
                f"the metric {named} is not measured here"
                if named
                else f"rules of type {read.name} are not measured here"
            )
        stated = dict(self.rule.arguments or {})
        columns = self._columns(read.name, stated.pop("properties", None))
        unknown = sorted(set(stated) - set(METRICS[read.name]))
        if unknown:
            raise _NotMeasured(f"its argument {unknown[0]} is not known here")
        limit = read_limit(self.rule)
        if isinstance(limit, str):
            raise _NotMeasured(limit)
        if read.name == "rowCount" and limit.is_percent:
            raise _NotMeasured("a number of rows is no percentage")
        return replace(
            read,
            limit=limit,
            columns=tuple(column.name for column in columns),
            values=self._values(read.name, stated, columns),
            pattern=self._pattern(stated.get("pattern"), columns),
        )

    def _check_sets_aside(self, metric: str) -> None:
        """Raises _NotMeasured for a setsAside that intake would not read.

        It would set nothing aside, and nobody would know.
        """
        for item in self.rule.customProperties or []:
            if item.property != "setsAside":
                continue
            if not isinstance(item.value, bool):
                raise _NotMeasured("its setsAside is neither true nor false")
            if item.value and (metric != "invalidValues" or not self.column or not valid_values_of(self.rule)):
                raise _NotMeasured("setsAside is of a column's invalidValues with validValues that are texts")

    def _columns(self, metric: str, properties: object) -> list[Column]:
        """The columns that the rule is about, none for a number of rows."""
        if metric == "rowCount":
            if self.column or properties is not None:
                raise _NotMeasured("a number of rows is of a table, not of columns")
            return []
        if self.column:
            if properties is not None:
                raise _NotMeasured("a column's rule is about that column: state arguments.properties at the table")
            columns = [self.column]
        else:
            known = {column.name: column for column in self.table.columns}
            named = list(self.table.key) if properties is None and metric == "duplicateValues" else properties
            if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
                raise _NotMeasured("arguments.properties must name the columns")
            missing = [one for one in named if one not in known]
            if missing:
                raise _NotMeasured("arguments.properties names a column that the table does not have")
            columns = [known[one] for one in dict.fromkeys(named)]
        for column in columns:
            if not column.is_landed:
                raise _NotMeasured(f"{column.name} is not landed")
            if column.classification == "sensitive" and metric in ("invalidValues", "duplicateValues"):
                raise _NotMeasured(f"{column.name} is masked on the way in")
        return columns

    def _values(self, metric: str, stated: dict, columns: list[Column]) -> tuple:
        if metric not in ("invalidValues", "missingValues"):
            return ()
        argument = "validValues" if metric == "invalidValues" else "missingValues"
        if argument not in stated:
            if metric == "invalidValues" and "pattern" not in stated:
                raise _NotMeasured("it states neither validValues nor a pattern")
            return (None,) if metric == "missingValues" else ()
        values = stated[argument]
        if not isinstance(values, list):
            raise _NotMeasured(f"arguments.{argument} must be a list")
        if metric == "missingValues":
            return self._missing(values, columns)
        found = [value for value in values if value is not None]
        if not found:
            raise _NotMeasured("arguments.validValues names no value")
        return self._typed(found, columns, argument)

    def _missing(self, values: list, columns: list[Column]) -> tuple:
        """The missing values, with None for empty. Refuses a word that is read as empty where empty is not listed."""
        left = [value for value in values if value is not None and (not isinstance(value, str) or tidy(value))]
        counts_empty = len(left) < len(values)
        found: list = []
        for value in left:
            read_as_empty = [
                isinstance(value, str)
                and (tidy(value).lower() in column.nothing or tidy(value) in column.missing_values)
                for column in columns
            ]
            if any(read_as_empty) and not counts_empty:
                raise _NotMeasured("one of its values is read as empty here, which it does not name as missing")
            if not all(read_as_empty):
                found.append(value)
        if not values:
            raise _NotMeasured("arguments.missingValues names no value")
        return (*((None,) if counts_empty else ()), *self._typed(found, columns, "missingValues"))

    def _typed(self, values: list, columns: list[Column], argument: str) -> tuple:
        """Values of the columns' own type, with texts converted as delivered ones are."""
        for column in columns:
            if values and column.classification == "personal":
                raise _NotMeasured(f"{column.name} holds pseudonyms")
            kind = _KINDS.get(column.logical_type)
            if values and kind is None:
                raise _NotMeasured(f"values of a {column.logical_type} are not compared here")
            if not all(isinstance(value, kind or object) for value in values) or (
                kind is not bool and any(isinstance(value, bool) for value in values)
            ):
                if column.logical_type == "string":
                    raise _NotMeasured(f"arguments.{argument} {NOT_TEXTS}")
                raise _NotMeasured(f"arguments.{argument} has a value that is no {column.logical_type}")
        return tuple(tidy(value) if isinstance(value, str) else value for value in values)

    def _pattern(self, pattern: object, columns: list[Column]) -> str:
        if pattern is None:
            return ""
        for column in columns:
            if column.logical_type != "string" or column.classification == "personal":
                raise _NotMeasured(f"a pattern is of texts, and {column.name} holds none")
        read = for_postgres(pattern) if isinstance(pattern, str) else None
        if read is None:
            raise _NotMeasured(
                "its pattern is read otherwise by different engines: write it from ^ to $ with characters, [classes],"
                " \\d, groups, | and repeats"
            )
        return read


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:50].strip("_")
