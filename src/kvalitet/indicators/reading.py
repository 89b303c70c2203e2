"""Reads the declarations of indicators. A fault names its file and indicator, and what to write instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kvalitet.errors import KvalitetError
from kvalitet.indicators.declaration import Indicator, IndicatorInvalid, Rule
from kvalitet.settings import Settings

GUIDE = "docs/adding-an-indicator.md"


def contribution_model(fact: str) -> str:
    """The dbt model that counts a fact by the declared rules."""
    return f"int_contribution__{fact.removeprefix('fct_')}"


def load_indicators(settings: Settings) -> dict[str, tuple[Indicator, ...]]:
    """Source -> its indicators, as they are declared.

    Raises IndicatorInvalid with every fault found: also where two have one id or number, or a rule names a model that
    there is not.
    """
    files = sorted(settings.administration.indicators.glob("*.yaml"))
    if not files:
        raise IndicatorInvalid(f"There are no indicators in {settings.administration.indicators}.", f"See {GUIDE}.")
    faults: list[str] = []
    declared = {file.stem: _read(file, faults) for file in files}
    folders = (settings.dbt_dir / "models", settings.administration.models)
    models = {file.stem for folder in folders for file in folder.rglob("*.sql")}
    taken: dict[str | int, str] = {}
    for source, indicators in declared.items():
        for indicator in indicators:
            place = f"{source}.yaml, {indicator.id}"
            for name, value in (("id", indicator.id), ("number", indicator.number)):
                if value in taken:
                    faults.append(f"{place}: the {name} {value} is taken by {taken[value]}")
                taken[value] = place
            faults += [f"{place}: {fault}" for fault in _without_model(indicator, models)]
    if faults:
        raise IndicatorInvalid(f"The indicators cannot be used: {'; '.join(faults)}.", f"See {GUIDE}.")
    return declared


def in_order(declared: Mapping[str, tuple[Indicator, ...]]) -> list[tuple[str, Indicator]]:
    """(source, indicator), in the order of the register: by number."""
    pairs = [(source, indicator) for source, indicators in declared.items() for indicator in indicators]
    return sorted(pairs, key=lambda pair: pair[1].number)


def _without_model(indicator: Indicator, models: set[str]) -> list[str]:
    faults = []
    for version in indicator.versions:
        if isinstance(version.rule, Rule):
            named = contribution_model(version.rule.fact)
            advice = f"no model counts {version.rule.fact} yet: write {named}"
        else:
            named = version.rule.model
            advice = f"there is no model {named}"
        if named not in models and f"version {version.version}: {advice}" not in faults:
            faults.append(f"version {version.version}: {advice}")
    return faults


def _read(file: Path, faults: list[str]) -> tuple[Indicator, ...]:
    """The indicators of a file that are without faults. The faults are added to `faults`."""
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML")
        return ()
    if raw == {"indicators": None}:
        return ()
    if not isinstance(raw, dict) or list(raw) != ["indicators"] or not isinstance(raw["indicators"], list):
        faults.append(f"{file.name}: write a list below `indicators:`, and nothing else")
        return ()
    found = []
    for place, declaration in enumerate(raw["indicators"], 1):
        try:
            found.append(Indicator.model_validate(declaration))
        except ValidationError as error:
            name = declaration.get("id", f"number {place}") if isinstance(declaration, dict) else f"number {place}"
            faults += [f"{file.name}, {name}: {_fault(dict(one))}" for one in error.errors(include_url=False)]
        except KvalitetError as error:
            faults.append(f"{file.name}: {error}")
    return tuple(found)


def _fault(error: dict[str, Any]) -> str:
    """`version 2: rule: field: what is wrong`."""
    place = [f"version {part + 1}" if isinstance(part, int) else str(part) for part in error["loc"]]
    where = ": ".join(part for part in place if part not in ("versions", "declared", "in a model"))
    what = {"missing": "is missing", "extra_forbidden": "is not a field of an indicator"}.get(error["type"])
    said = what or str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
