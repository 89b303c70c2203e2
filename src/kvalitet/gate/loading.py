"""Loads the suites as people write them: expectations/suites/<model>.yaml, read, completed and checked.

An administration adds checks, and states what is its own to decide, in files of the same form in its folder `suites`. A
file that cannot be used is refused with its name, the check at fault and what to write instead.
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
#: What an administration decides of a check of the product. The rule itself stays.
MAY_DIFFER = {"threshold", "severity", "owner", "advice_engineer", "advice_reader"}


def load_defaults(settings: Settings) -> Defaults:
    """The default texts of checks, the administration's before the product's. Empty where there is no file.

    Raises SuiteInvalid.
    """
    defaults: dict[str, Any] = {}
    for folder in (settings.suites_dir, settings.administration.suites):
        file = folder / DEFAULTS_FILE
        if not file.is_file():
            continue
        raw: Any = None
        try:
            raw = yaml.safe_load(file.read_text(encoding="utf-8"))
            stated = Defaults.model_validate(raw).model_dump(exclude_unset=True)
        except yaml.YAMLError as error:
            raise SuiteInvalid(f"{_unreadable(file, error)}.", _README) from None
        except ValidationError as error:
            faults = "; ".join(_fault(file, raw, dict(one)) for one in error.errors(include_url=False))
            raise SuiteInvalid(f"The defaults of the checks cannot be used: {faults}.", _README) from None
        for name, value in stated.items():
            is_group = name in ("advice_reader", "derived")
            defaults[name] = {**defaults.get(name, {}), **value} if is_group else value
    return Defaults.model_validate(defaults)


def load_suites(settings: Settings, contracts: Mapping[str, Contract] | None = None) -> list[Suite]:
    """The suites that people wrote, by table, each with the checks that are derived for it.

    Raises SuiteInvalid with every fault found.
    """
    files = _suite_files(settings.suites_dir)
    if not files:
        raise SuiteInvalid(f"There are no suites in {settings.suites_dir}.", "Without checks nothing may be published.")
    try:
        models = declared_plans(settings.dbt_dir / "models", settings.administration.models)
    except KvalitetError as error:
        raise SuiteInvalid(error.what, error.remedy) from None
    known = Known(models, load_contracts(settings) if contracts is None else contracts, load_defaults(settings))
    suites: list[Suite] = []
    faults: list[str] = []
    owners: dict[str, str] = {}
    own = _suite_files(settings.administration.suites)
    for name in sorted(files.keys() | own.keys()):
        together = [folder[name] for folder in (files, own) if name in folder]
        file, suite = together[0], _read(together, known, faults)
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


def _suite_files(folder: Path) -> dict[str, Path]:
    """File's name without its end -> the file, of the suites in a folder."""
    return {file.stem: file for file in folder.glob("*.yaml") if file.name != DEFAULTS_FILE}


def _read(files: list[Path], known: Known, faults: list[str]) -> Suite | None:
    """The suite of a table: the product's file, the administration's, or both. None where it has faults.

    These are added to `faults`.
    """
    raw: Any = None
    file = files[0]
    try:
        for file in files:
            read = yaml.safe_load(file.read_text(encoding="utf-8"))
            raw = _together(raw, read) if isinstance(raw, dict) and isinstance(read, dict) else read
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


def _together(product: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A table's suite of the product with what an administration adds to it or states in its place."""
    added = {
        "checks": [*(product.get("checks") or []), *(own.get("checks") or [])],
        "derived": {**(product.get("derived") or {}), **(own.get("derived") or {})},
    }
    return {**product, **own, **{name: value for name, value in added.items() if value}}


def _completed(raw: dict[str, Any], known: Known, place: str, faults: list[str]) -> dict[str, Any]:
    """A suite as it was written, with its owner, its derived checks first, and the defaults filled in."""
    suite = {"owner": known.defaults.owner, **raw}
    derived, may_be_empty = suite.pop("derived", None), suite.pop("may_be_empty", None)
    differs = suite.pop("differs", None) or {}
    written = suite.get("checks", [])
    checks = derived_checks(suite, derived, may_be_empty, known, place, faults)
    if isinstance(written, list):
        written = [known.defaults.fill(check) if isinstance(check, dict) else check for check in written]
        suite["checks"] = _differing([*checks, *written], differs, place, faults)
    return suite


def _differing(checks: list[Any], differs: Any, place: str, faults: list[str]) -> list[Any]:
    """The checks, derived (Check) and written (dict), with what `differs` states for their ids."""
    if not isinstance(differs, dict):
        faults.append(f"{place}differs: write the check's id, and below it what differs")
        return checks
    by_id = {_id(check): number for number, check in enumerate(checks)}
    for check_id, stated in differs.items():
        if check_id not in by_id:
            faults.append(f"{place}differs: there is no check {check_id}")
        elif not isinstance(stated, dict) or set(stated) - MAY_DIFFER:
            faults.append(f"{place}differs, {check_id}: only {', '.join(sorted(MAY_DIFFER))} can be stated")
        else:
            check = checks[by_id[check_id]]
            changed = {**(check if isinstance(check, dict) else check.model_dump()), **stated}
            checks[by_id[check_id]] = changed if isinstance(check, dict) else type(check).model_validate(changed)
    return checks


def _id(check: Any) -> Any:
    return check.get("id") if isinstance(check, dict) else getattr(check, "id", None)


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
