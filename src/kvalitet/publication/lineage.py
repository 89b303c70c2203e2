"""Which sources a table takes its data from, by dbt's manifest."""

import json
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


def tables_without_contract(manifest: Path) -> dict[str, tuple[str, ...]]:
    """The models whose rows would come from deliveries that no contract is about, with those deliveries.

    A delivery is told by its staging model, `stg_<source>__<table>`, which reads nothing where there is no contract.
    What was built counts, so that taking a contract's file away switches no check off. The nearest deliveries count, as
    in `nearest_sources`. Raises OSError or ValueError where the manifest cannot be read.
    """
    parents = json.loads(manifest.read_text(encoding="utf-8")).get("parent_map", {})
    absent = {}
    for model in parents:
        staging = _nearest_staging(model, parents) if model.startswith("model.") else set()
        if staging and not any(parent.startswith("source.") for name in staging for parent in parents.get(name, ())):
            sources = {name.rpartition(".")[2].removeprefix("stg_").partition("__")[0] for name in staging}
            absent[model.rpartition(".")[2]] = tuple(sorted(sources))
    return absent


def _nearest_staging(model: str, parents: dict[str, list[str]]) -> set[str]:
    level, seen = {model}, {model}
    while level:
        found = {name for name in level if name.rpartition(".")[2].startswith("stg_")}
        if found:
            return found
        level = {parent for name in level for parent in parents.get(name, ())} - seen
        seen |= level
    return set()
