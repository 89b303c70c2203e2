"""Loads the suites as people write them: expectations/suites/<model>.yaml, read, completed and checked.

A file that cannot be used is refused with its name, the check at fault and what to write instead.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.gate.defaults import DEFAULTS_FILE, Defaults
from kvalitet.gate.derived import Known, derived_checks
from kvalitet.gate.suites import Suite, SuiteInvalid
from kvalitet.publication.declared import declared_plans
from kvalitet.settings import Settings

_README = "See expectations/suites/README.md."


def load_defaults(settings: Settings) -> Defaults:
    """The default texts of checks. Empty where there is no file. Raises SuiteInvalid."""
    file = settings.suites_dir / DEFAULTS_FILE
    if not file.is_file():
        return Defaults()
    raw: Any = None
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Defaults.model_validate(raw)
    except yaml.YAMLError as error:
        raise SuiteInvalid(f"{_unreadable(file, error)}.", _README) from None
    except ValidationError as error:
        faults = "; ".join(_fault(file, raw, dict(one)) for one in error.errors(include_url=False))
        raise SuiteInvalid(f"The defaults of the checks cannot be used: {faults}.", _README) from None


def load_suites(settings: Settings, contracts: Mapping[str, Contract] | None = None) -> list[Suite]:
    """The suites that people wrote, by table, each with the checks that are derived for it.

    Raises SuiteInvalid with every fault found.
    """
    files = sorted(file for file in settings.suites_dir.glob("*.yaml") if file.name != DEFAULTS_FILE)
    if not files:
        raise SuiteInvalid(f"There are no suites in {settings.suites_dir}.", "Without checks nothing may be published.")
    try:
        models = declared_plans(settings.dbt_dir)
    except KvalitetError as error:
        raise SuiteInvalid(error.what, error.remedy) from None
    known = Known(models, load_contracts(settings) if contracts is None else contracts, load_defaults(settings))
    suites: list[Suite] = []
    faults: list[str] = []
    owners: dict[str, str] = {}
    for file in files:
        suite = _read(file, known, faults)
        if suite is None:
            continue
        if file.stem != suite.table:
            faults.append(f"{file.name}: it is about {suite.table}; call it {suite.table}.yaml")
        for check in suite.checks:
            if check.id in owners:
                faults.append(f"{file.name}, {check.id}: the id is taken in {owners[check.id]}")
            owners[check.id] = file.name
        suites.append(suite)
    if faults:
        raise SuiteInvalid(f"The suites cannot be used: {'; '.join(faults)}.", _README)
    return suites


def _read(file: Path, known: Known, faults: list[str]) -> Suite | None:
    """The suite of a file. None where it has faults, which are added to `faults`."""
    raw: Any = None
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        if isinstance(raw, dict):
            raw = _completed(raw, known, f"{file.name}, ", found := [])
            if found:
                faults += found
                return None
        return Suite.model_validate(raw)
    except yaml.YAMLError as error:
        faults.append(_unreadable(file, error))
    except ValidationError as error:
        faults += [_fault(file, raw, dict(one)) for one in error.errors(include_url=False)]
    return None


def _completed(raw: dict[str, Any], known: Known, place: str, faults: list[str]) -> dict[str, Any]:
    """A suite as it was written, with its owner, its derived checks first, and the defaults filled in."""
    suite = {"owner": known.defaults.owner, **raw}
    derived, may_be_empty = suite.pop("derived", None), suite.pop("may_be_empty", None)
    written = suite.get("checks", [])
    checks = derived_checks(suite, derived, may_be_empty, known, place, faults)
    if isinstance(written, list):
        written = [known.defaults.fill(check) if isinstance(check, dict) else check for check in written]
        suite["checks"] = [*checks, *written]
    return suite


def _unreadable(file: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML"


def _fault(file: Path, raw: Any, error: dict[str, Any]) -> str:
    """`file, check: field: what is wrong`."""
    place = list(error["loc"])
    name = ""
    if len(place) > 1 and place[0] == "checks" and isinstance(place[1], int):
        check = raw["checks"][place[1]]
        name = f", {check.get('id', f'check number {place[1] + 1}') if isinstance(check, dict) else place[1] + 1}"
        place = place[2:]
    what = {"missing": "is missing", "extra_forbidden": "is not a field of a suite"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    where = ".".join(map(str, place))
    return f"{file.name}{name}: {where + ': ' if where else ''}{what}"
