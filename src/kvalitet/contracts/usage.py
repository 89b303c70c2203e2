"""Lists which fields of a contract this project uses, so that a reader learns of the others."""

from collections.abc import Iterator
from typing import Any

from kvalitet.contracts.properties import ColumnOptions, ColumnProperties, ServerProperties, TableProperties

#: Fields of the standard that are read, and what for. `[]` stands for each item of a list.
STANDARD = {
    "apiVersion": "3.0 or newer",
    "kind": "`DataContract`",
    "id": "the source's id: lower-case letters, digits and `_`. Names its DAG and raw tables",
    "name": "the source's title",
    "version": "of the contract; kept with every load",
    "tags": "`tier-1` and so on: how important the source is",
    "description.purpose": "shown on the source's pages, as are the next two",
    "description.usage": "",
    "description.limitations": "",
    "team.members[].name": "the first one with the role `owner` is the source's owner",
    "team.members[].username": "stands in for a name",
    "team.members[].role": "",
    "team[].name": "the same in the standard's older form",
    "team[].username": "",
    "team[].role": "",
    "support[].channel": "who is asked when a delivery is late or refused",
    "servers[].server": "its name, for `KVALITET_SERVER_<SOURCE>`",
    "servers[].type": "`local`, `sftp`, `s3` or `azure` for files, `api`",
    "servers[].path": "the folder below the inbox",
    "servers[].format": "`csv`, `xlsx` or `json`",
    "servers[].delimiter": "the one character between columns",
    "servers[].encoding": "`utf-8`, `utf-8-sig`, `iso-8859-1` or `windows-1252`",
    "servers[].location": "the API's address, https",
    "schema[].name": "the table's name",
    "schema[].physicalName": "the file's name, with `{cutoff}` where the cut-off date stands (`yyyy-mm-dd`)",
    "schema[].description": "one row per what",
    "schema[].properties[].name": "the column's name in the warehouse",
    "schema[].properties[].physicalName": "its header as delivered; else the name",
    "schema[].properties[].description": "",
    "schema[].properties[].logicalType": "`string`, `date`, `timestamp`, `number`, `integer` or `boolean`",
    "schema[].properties[].required": "an empty value sets the row aside",
    "schema[].properties[].primaryKey": "part of the key by which a row is known again",
    "schema[].properties[].primaryKeyPosition": "its place in the key",
    "schema[].properties[].classification": "`public`, `internal`, `personal` (a pseudonym is kept), `sensitive`"
    " (not kept, unless `landedBecause`) or `whistleblower`",
    "slaProperties[frequency]": "`value` and `unit`: how often something new is promised; `schedule`: a cron line",
    "slaProperties[timeOfAvailability]": "the local time until which the night waits",
    "slaProperties[latency]": "older than this, the source is stale",
    "slaProperties[retention]": "how long delivered files are kept, encrypted",
}
#: The places of properties that intake reads by name.
PROPERTIES = {
    "servers[].customProperties": ServerProperties,
    "schema[].customProperties": TableProperties,
    "schema[].properties[].customProperties": ColumnProperties,
    "schema[].properties[].logicalTypeOptions": ColumnOptions,
}
USED = {
    *STANDARD,
    "schema[].properties[].quality[].customProperties[setsAside]",
    *(
        f"{place}.{field.alias}" if kind is ColumnOptions else f"{place}[{field.alias}]"
        for place, kind in PROPERTIES.items()
        for field in kind.model_fields.values()
    ),
}
NAMED_LISTS = {"customProperties": "property", "slaProperties": "property"}


def unused_fields(document: dict[str, Any]) -> list[str]:
    """The document's fields that nothing here reads, as sorted paths such as `price.priceAmount`."""
    return sorted({path for path in _paths(document, "") if path not in USED})


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name == "quality":
                continue  # each rule states itself whether it is measured
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
