"""Which sources a table takes its data from, by dbt's manifest."""

import json
from collections.abc import Collection
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet.publication.catalogue import manifest_path
from kvalitet.settings import Settings


def nearest_sources(settings: Settings) -> dict[str, tuple[str, ...]]:
    """For each model the sources nearest above it. Empty for a model without sources, and where dbt has not run.

    Nearest is by the number of models between. The star's tables rest on almost every source through the links between
    cases, which says little of where their own rows come from.
    """
    try:
        manifest = json.loads(manifest_path(settings).read_text(encoding="utf-8"))
    except (KvalitetError, OSError, ValueError):
        return {}
    parents = manifest.get("parent_map", {})
    models = [name for name in parents if name.startswith("model.")]
    return {model.rpartition(".")[2]: _nearest(model, parents) for model in models}


def _nearest(model: str, parents: dict[str, list[str]]) -> tuple[str, ...]:
    level, seen = {model}, {model}
    while level:
        above = {parent for name in level for parent in parents.get(name, ())} - seen
        # source.<project>.<source>.<table>, where `audit` is the warehouse's own
        found = {name.split(".")[2] for name in above if name.startswith("source.")} - {"audit"}
        if found:
            return tuple(sorted(found))
        seen |= above
        level = above
    return ()


def tables_without_contract(manifest: Path, contracts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The models whose rows would come from deliveries that no contract is about, with those deliveries.

    A delivery is told by its staging model, `stg_<source>__<table>`, since without a contract dbt has no source. The
    nearest ones count, as in `nearest_sources`. Raises OSError or ValueError where the manifest cannot be read.
    """
    parents = json.loads(manifest.read_text(encoding="utf-8")).get("parent_map", {})
    absent = {}
    for model in parents:
        deliveries = _nearest_deliveries(model, parents) if model.startswith("model.") else ()
        if deliveries and not set(deliveries) & set(contracts):
            absent[model.rpartition(".")[2]] = deliveries
    return absent


def _nearest_deliveries(model: str, parents: dict[str, list[str]]) -> tuple[str, ...]:
    level, seen = {model}, {model}
    while level:
        names = {name.rpartition(".")[2] for name in level}
        found = {name.removeprefix("stg_").partition("__")[0] for name in names if name.startswith("stg_")}
        if found:
            return tuple(sorted(found - {"warehouse"}))
        level = {parent for name in level for parent in parents.get(name, ())} - seen
        seen |= level
    return ()
