"""Which fields of a contract this project makes use of, so that a reader is told of the others."""

from collections.abc import Iterator
from typing import Any

#: Paths that are read; `[]` stands for each item of a list. A customProperty is read by its name.
USED = {
    "apiVersion", "kind", "id", "name", "version", "tags",
    "description.purpose", "description.usage", "description.limitations",
    "team.members[].name", "team.members[].username", "team.members[].role",
    "team[].name", "team[].username", "team[].role",
    "support[].channel",
    "servers[].server", "servers[].type", "servers[].path", "servers[].format", "servers[].delimiter",
    "servers[].encoding", "servers[].location",
    "servers[].customProperties[format]", "servers[].customProperties[encoding]",
    "servers[].customProperties[dataPath]", "servers[].customProperties[updatedPath]",
    "servers[].customProperties[updatedField]",
    "servers[].customProperties[delimiter]", "servers[].customProperties[quote]",
    "servers[].customProperties[decimalSign]",
    "servers[].customProperties[thousandsSign]", "servers[].customProperties[timezone]",
    "servers[].customProperties[maxBytes]", "servers[].customProperties[maxRejectedPercent]",
    "servers[].customProperties[wordsForNothing]", "schema[].properties[].customProperties[wordsForNothing]",
    "schema[].properties[].customProperties[keepWords]",
    "servers[].customProperties[maxChangedPercent]", "servers[].customProperties[delivers]",
    "servers[].customProperties[corrections]", "schema[].properties[].customProperties[mayChange]",
    "schema[].customProperties[hidden]", "schema[].properties[].customProperties[cellValue]",
    "servers[].customProperties[maxDaysAhead]", "servers[].customProperties[maxJumpDays]",
    "servers[].customProperties[maxAgeDays]",
    "schema[].properties[].quality[].customProperties[setsAside]",
    "servers[].customProperties[maxClosedPercent]", "servers[].customProperties[requiresFinalNewline]",
    "schema[].name", "schema[].physicalName", "schema[].description",
    "schema[].customProperties[absent]", "schema[].customProperties[sheet]",
    "schema[].customProperties[role]", "schema[].properties[].customProperties[role]",
    "schema[].customProperties[apiTable]", "schema[].customProperties[apiRequest]",
    "schema[].properties[].name", "schema[].properties[].physicalName", "schema[].properties[].description",
    "schema[].properties[].logicalType", "schema[].properties[].required", "schema[].properties[].primaryKey",
    "schema[].properties[].primaryKeyPosition", "schema[].properties[].classification",
    "schema[].properties[].logicalTypeOptions.format", "schema[].properties[].logicalTypeOptions.pattern",
    "schema[].properties[].logicalTypeOptions.maxLength", "schema[].properties[].logicalTypeOptions.minimum",
    "schema[].properties[].logicalTypeOptions.maximum", "schema[].properties[].logicalTypeOptions.multipleOf",
    "schema[].properties[].customProperties[missingValues]",
    "schema[].properties[].customProperties[trueValues]", "schema[].properties[].customProperties[falseValues]",
    "schema[].properties[].customProperties[removeSpaces]",
    "schema[].properties[].customProperties[allowLeadingFormulaCharacters]",
    "schema[].properties[].customProperties[landedBecause]",
    "schema[].properties[].customProperties[ambiguousTime]", "schema[].properties[].customProperties[event]",
    "schema[].properties[].customProperties[starName]",
    "slaProperties[frequency]", "slaProperties[timeOfAvailability]", "slaProperties[latency]",
    "slaProperties[retention]",
}  # fmt: skip
NAMED_LISTS = {"customProperties": "property", "slaProperties": "property"}


def unused_fields(document: dict[str, Any]) -> list[str]:
    """The document's fields that nothing here reads, as sorted paths such as `price.priceAmount`."""
    return sorted({path for path in _paths(document, "") if path not in USED})


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name == "quality":
                continue  # each rule says by itself whether it is measured
            if name in NAMED_LISTS and isinstance(inner, list):
                for item in inner:
                    yield f"{here}[{item.get(NAMED_LISTS[name]) if isinstance(item, dict) else item}]"
            else:
                yield from _paths(inner, here)
    elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        for item in value:
            yield from _paths(item, f"{path}[]")
    else:
        yield path
