"""The checks of a suite that follow from its model or from a contract.

A suite names them under `derived:` by the end of their id, with what differs from the defaults. The primary key of one
column need not be named. The database enforces the checks that are constraints of the model (kvalitet.gate.held). The
others are measured.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kvalitet.contracts import Contract
from kvalitet.gate.defaults import Defaults, Kind
from kvalitet.gate.suites import Check, NotApplicable
from kvalitet.publication.catalogue import Constraint, TablePlan

_WHOLE: tuple[Kind, ...] = ("rows_present", "every_accepted_row_counted")
_OF_COLUMNS: tuple[Kind, ...] = ("unique", "not_null", "known_value")
_IN_TABLE = re.compile(r"(?P<column>\w+?)_in_(?P<target>(dim|fct|bridge|rpt)_\w+)")


class DerivedCheck(Check):
    """A check that follows from a declaration. `held_by` is the constraint that enforces it, if one is declared."""

    held_by: Constraint | None = None


@dataclass(frozen=True)
class Known:
    """What checks are derived from, and their default texts."""

    models: Mapping[str, TablePlan]
    contracts: Mapping[str, Contract]
    defaults: Defaults


class _Unusable(Exception):
    """An entry from which no check can be made, with the reason."""


def derived_checks(
    suite: Mapping[str, Any], entries: Any, may_be_empty: Any, known: Known, place: str, faults: list[str]
) -> list[DerivedCheck]:
    """The derived checks of a suite, the primary key's first. Faults of entries are added to `faults`.

    `may_be_empty` says why the table may rightly have no rows. The checks of its columns are then not applicable.
    """
    if entries is not None and not isinstance(entries, dict):
        faults.append(f"{place}derived: write one line for each check, `<column>_not_null:` and the like")
        return []
    table = str(suite.get("table"))
    plan = known.models.get(table)
    if plan is None:
        if entries:
            faults.append(f"{place}derived: there is no star or report model {table}")
        return []
    entries = dict(entries or {})
    if (key := _unnamed_key(plan, suite, entries)) is not None:
        entries = {key: entries.pop(key, None), **entries}
    checks = []
    for name, entry in entries.items():
        if entry is False:  # it follows from the model and is not shown
            continue
        try:
            if not isinstance(entry, dict | None):
                raise _Unusable("write what differs from the defaults, `false`, or nothing")
            checks.append(_check(plan, str(name), entry or {}, suite.get("owner"), may_be_empty, known))
        except _Unusable as unusable:
            faults.append(f"{place}{table}_{name}: {unusable}")
        except ValidationError as error:
            for one in error.errors(include_url=False):
                where = ".".join(map(str, one["loc"]))
                what = {"missing": "is missing", "extra_forbidden": "is not a field of a derived check"}
                faults.append(f"{place}{table}_{name}: {where}: {what.get(one['type'], one['msg'])}")
    return checks


def _unnamed_key(plan: TablePlan, suite: Mapping[str, Any], entries: dict[str, Any]) -> str | None:
    """The name of the primary key's check. None where the suite gives it another name or writes it out."""
    if len(plan.primary_key) != 1:
        return None
    name, key = f"{plan.primary_key[0]}_unique", list(plan.primary_key)
    written = suite.get("checks")
    ids = [check.get("id") for check in written if isinstance(check, dict)] if isinstance(written, list) else []
    renamed = any(isinstance(entry, dict) and entry.get("columns") == key for entry in entries.values())
    return None if renamed or f"{plan.name}_{name}" in ids else name


def _check(
    plan: TablePlan, name: str, entry: dict[str, Any], owner: Any, may_be_empty: Any, known: Known
) -> DerivedCheck:
    kind, columns, target = _parts(plan, name, entry)
    stated = {field: value for field, value in entry.items() if field not in ("columns", "values", "rows_of")}
    words = {"table": plan.name, "column": ", ".join(columns), "target": target}
    conditions = [] if may_be_empty is None or kind in _WHOLE else [_when_empty(plan.name, may_be_empty)]
    asked: dict[str, Any]
    if kind == "rows_present":
        asked = _expect("table_row_count_to_be_between", min_value=1)
    elif kind == "unique":
        asked = _unique(plan.name, columns) | _held(plan.unique_over(columns), "unique")
    elif kind == "not_null":
        asked = _expect("column_values_to_not_be_null", column=columns[0]) | _held(plan.filled(columns[0]), "not_null")
    elif kind == "known_value":
        values, unread = _values(entry.get("values"), known)
        words["values"] = ", ".join(map(str, values))
        asked = _expect("column_values_to_be_in_set", column=columns[0], value_set=values)
        conditions += unread
        if unread:
            stated.pop("not_applicable_when", None)
    elif kind == "in_table":
        held = _held(plan.refers(columns[0], target), "foreign_key")
        asked = {"count_violations": _in_table(plan.name, held["held_by"])} | held
    else:
        words |= _contracted(entry.get("rows_of"), known)
        asked = {"count_violations": _rows_of(plan.name, words["contract"], words["contract_table"])}
    defaults = {field: _filled(value, words) for field, value in known.defaults.of_kind(kind).items()}
    if conditions:
        defaults["not_applicable_when"] = conditions
    fields = {"owner": owner, **defaults, **stated, "id": f"{plan.name}_{name}", **asked}
    return DerivedCheck.model_validate(known.defaults.fill(fields))


def _parts(plan: TablePlan, name: str, entry: dict[str, Any]) -> tuple[Kind, tuple[str, ...], str]:
    """The kind of check that an entry names, its columns, and the other table that it names."""
    for whole in _WHOLE:
        if name == whole:
            return whole, (), ""
    for kind in _OF_COLUMNS:
        if name.endswith(f"_{kind}"):
            return kind, _columns(plan, entry, name.removesuffix(f"_{kind}"), several=kind == "unique"), ""
    if found := _IN_TABLE.fullmatch(name):
        return "in_table", _columns(plan, entry, found["column"], several=False), found["target"]
    kinds = ", ".join((*_WHOLE, *(f"<column>_{kind}" for kind in _OF_COLUMNS), "<column>_in_<table>"))
    raise _Unusable(f"nothing of that name can be derived; what can: {kinds}")


def _columns(plan: TablePlan, entry: dict[str, Any], named: str, several: bool) -> tuple[str, ...]:
    columns = entry.get("columns", [named])
    if not isinstance(columns, list) or not columns or (len(columns) > 1 and not several):
        raise _Unusable(f"columns: write a list{'' if several else ' of one'}")
    for column in columns:
        if column not in plan.columns:
            raise _Unusable(f"the model {plan.name} has no column {column}; write `columns: [...]`")
    return tuple(columns)


def _held(constraint: Constraint | None, kind: str) -> dict[str, Any]:
    if constraint is None:
        raise _Unusable(
            f"the model declares no such {kind} constraint; declare it there, or write the check under checks:"
        )
    return {"held_by": constraint}


def _values(stated: Any, known: Known) -> tuple[list[Any], list[NotApplicable]]:
    """The accepted values, as a suite lists them or as a contract does (`contract.table.column`).

    There are none where the contract is missing or takes nothing in. The check is then not applicable.
    """
    if isinstance(stated, list) and stated:
        return stated, []
    place = str(stated).split(".")
    if len(place) != 3:
        raise _Unusable("values: write a list, or `contract.table.column`")
    source, table, column = place
    contract = known.contracts.get(source)
    if contract is None or contract.problems:
        reason = f"Der er ingen kontrakt {source}, som leverancer tages ind efter."
        return [], [NotApplicable(reason=reason, sql="select true")]
    for rule in contract.quality:
        if rule.name == "invalidValues" and rule.table == table and rule.columns == (column,) and rule.values:
            return list(rule.values), []
    raise _Unusable(f"values: the contract {source} lists no valid values of {table}.{column}")


def _contracted(stated: Any, known: Known) -> dict[str, str]:
    """The delivered table. Its contract may be missing, because then nothing is delivered."""
    contract, dot, table = str(stated).partition(".")
    if not dot or not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", f"{contract}.{table}"):
        raise _Unusable("rows_of: write `contract.table`")
    found = known.contracts.get(contract)
    if found and not found.problems and table not in found.tables:
        raise _Unusable(f"rows_of: the contract {contract} has no table {table}")
    return {"contract": contract, "contract_table": table}


def _when_empty(table: str, stated: Any) -> Any:
    """When the checks of a table that may be empty are not applicable: stated in full, or only the reason."""
    return {"reason": stated, "sql": f"select not exists (select from {table})"} if isinstance(stated, str) else stated


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """A text with the names in braces replaced."""
    if isinstance(value, NotApplicable):
        return NotApplicable(reason=_filled(value.reason, words), sql=_filled(value.sql, words))
    return re.sub(r"\{(\w+)\}", lambda name: words.get(name[1], name[0]), value)


def _expect(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"expectation": {"type": f"expect_{kind}", "kwargs": kwargs}}


def _unique(table: str, columns: tuple[str, ...]) -> dict[str, Any]:
    if len(columns) == 1:
        return _expect("column_values_to_be_unique", column=columns[0])
    query = f"""\
select
    count(*) - count(distinct ({", ".join(columns)})) as violations,
    count(*) as denominator
from {table}"""
    return {"count_violations": query}


def _in_table(table: str, constraint: Constraint) -> str:
    assert constraint.references
    (column,), (key,), target = constraint.columns, constraint.references.to_columns, constraint.references.to_table
    return f"""\
select
    count(*) filter (where target.{key} is null) as violations,
    count(*) as denominator
from {table} as source
left join {target} as target on source.{column} = target.{key}
where source.{column} is not null"""


def _rows_of(table: str, contract: str, contract_table: str) -> str:
    return f"""\
select
    abs((select count(*) from {table}) - rows_in_force) as violations,
    rows_in_force as denominator
from fct_delivered_table
where contract_id = '{contract}' and table_name = '{contract_table}'"""
