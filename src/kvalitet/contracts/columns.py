"""Reads one column of an ODCS 3.x schema, and says what it lacks."""

import re
from typing import Any

from open_data_contract_standard.model import CustomProperty, DataQuality, SchemaProperty

from kvalitet.contracts.model import CLASSIFICATIONS, LOGICAL_TYPES, PERSON_FORMATS, ROLES, Column
from kvalitet.contracts.patterns import is_supported_pattern
from kvalitet.spelling.text import header, tidy

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,50}")


def read_column(where: str, column: SchemaProperty, words: tuple[str, ...], problems: list[str]) -> Column:
    here = f"{where}.{column.name}"
    custom = custom_of(column.customProperties)
    options = column.logicalTypeOptions or {}
    name = column.name or ""
    if not IDENTIFIER.fullmatch(name):
        problems.append(f"{here}: name must be lower-case letters, digits and _ (physicalName holds the header)")
    if column.classification not in CLASSIFICATIONS:
        problems.append(f"{here}: classification must be one of {', '.join(CLASSIFICATIONS)}")
    if column.logicalType not in LOGICAL_TYPES:
        problems.append(f"{here}: logicalType must be one of {', '.join(LOGICAL_TYPES)}")
    if column.logicalType in ("date", "timestamp") and not is_supported_pattern(options.get("format")):
        problems.append(f"{here}: logicalTypeOptions.format must be a date pattern such as dd-MM-yyyy")
    if column.logicalType == "string" and options.get("format") not in (None, *PERSON_FORMATS):
        problems.append(f"{here}: logicalTypeOptions.format must be one of {', '.join(PERSON_FORMATS)}")
    if column.primaryKey and column.classification == "sensitive":
        problems.append(f"{here}: a sensitive column cannot be a key")
    multiple_of = options.get("multipleOf")
    valid_values = _valid_values(column.quality or [])
    missing_values = {tidy(str(m["value"])): str(m["reason"]) for m in custom.get("missingValues", [])}
    return Column(
        name=name,
        header=header(column.physicalName or name),
        logical_type=column.logicalType or "",
        description=" ".join((column.description or "").split()),
        classification=column.classification or "",
        is_required=bool(column.required or column.primaryKey),
        key_position=(column.primaryKeyPosition or 1) if column.primaryKey else None,
        format=options.get("format"),
        pattern=options.get("pattern"),
        max_length=options.get("maxLength"),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        scale=max(0, len(str(multiple_of).partition(".")[2])) if multiple_of else 6,
        valid_values=valid_values,
        missing_values=missing_values,
        true_values=tuple(map(str, custom.get("trueValues", Column.true_values))),
        false_values=tuple(map(str, custom.get("falseValues", Column.false_values))),
        removes_spaces=bool(custom.get("removeSpaces")),
        allows_formula=bool(custom.get("allowLeadingFormulaCharacters")),
        landed_because=custom.get("landedBecause"),
        ambiguous_time=custom.get("ambiguousTime"),
        role=role_of(here, custom, problems),
        nothing=_nothing(here, column, custom, words, {*valid_values, *missing_values}, problems),
    )


def _nothing(
    here: str,
    column: SchemaProperty,
    custom: dict[str, Any],
    words: tuple[str, ...],
    agreed: set[str],
    problems: list[str],
) -> tuple[str, ...]:
    """The words that stand for nothing in a column, where they do not have a meaning of their own there.

    The contract's words hold for texts. In a date, number or truth value, and where a person is agreed, a word
    is set aside by the column's own rule, unless the column itself names it.
    """
    own = words_of(custom, f"{here}: customProperties.wordsForNothing", problems)
    kept = words_of(custom, f"{here}: customProperties.keepWords", problems, "keepWords") or ()
    if own is None:
        own = words if column.logicalType == "string" and column.classification != "personal" else ()
    meant = {*kept, *(value.lower() for value in agreed)}
    return tuple(word for word in own if word not in meant)


def words_of(
    settings: dict[str, Any], where: str, problems: list[str], name: str = "wordsForNothing"
) -> tuple[str, ...] | None:
    """A list of words in lower case, as texts are read; None where there is none."""
    stated = settings.get(name)
    if stated is None:
        return None
    if not isinstance(stated, list) or not all(isinstance(word, str) and tidy(word) for word in stated):
        problems.append(f"{where} must be a list of words in quotes")
        return ()
    return tuple(tidy(word).lower() for word in stated)


def role_of(where: str, custom: dict[str, Any], problems: list[str]) -> str | None:
    if custom.get("role") not in (None, *ROLES):
        problems.append(f"{where}: customProperties.role must be one of {', '.join(ROLES)}")
    return custom.get("role")


def _valid_values(rules: list[DataQuality]) -> tuple[str, ...]:
    for rule in rules:
        if (rule.metric or rule.rule) == "invalidValues" and rule.arguments and rule.mustBe == 0:
            return tuple(tidy(str(value)) for value in rule.arguments.get("validValues", ()))
    return ()


def custom_of(properties: list[CustomProperty] | None) -> dict[str, Any]:
    return {item.property: item.value for item in properties or [] if item.property}
