"""Waivers as people write them in waivers.yaml: who lets how much of which failed check pass, why and until when."""

from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kvalitet.gate.derived import DerivedCheck
from kvalitet.gate.suites import Suite, SuiteInvalid
from kvalitet.spelling.identity import holds_number

REMEDY = "See expectations/suites/README.md, Waivers."


class Waiver(BaseModel):
    """One decision to let up to `covers` violations of a check pass, from `decided_on` to the end of `expires_on`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    check: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    reason: str = Field(min_length=10)
    covers: int = Field(ge=1)
    decided_by: str = Field(min_length=3)
    decided_on: date
    expires_on: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Waiver":
        if self.expires_on < self.decided_on:
            raise ValueError("expires_on is before decided_on")
        return self

    @field_validator("reason", "decided_by")
    @classmethod
    def _names_nobody(cls, text: str) -> str:
        if holds_number(text):
            raise ValueError("holds what reads as a personal number; it would be on certificates for good")
        return text

    def holds_on(self, day: date) -> bool:
        return self.decided_on <= day <= self.expires_on


def load_waivers(file: Path, suites: list[Suite]) -> dict[str, Waiver]:
    """The waivers by check id. Empty where there is no file.

    Raises SuiteInvalid with every fault found: a wrong field, a check that no suite has, a check waived twice, or a
    check that the database enforces.
    """
    if not file.exists():
        return {}
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SuiteInvalid(
            f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML.", REMEDY
        ) from None
    entries = raw.get("waivers") if isinstance(raw, dict) and set(raw) == {"waivers"} else None
    if not isinstance(entries, list):
        raise SuiteInvalid(f"{file.name} must hold one list called `waivers`; it may be empty.", REMEDY)
    known = {check.id: check for suite in suites for check in suite.checks}
    found: dict[str, Waiver] = {}
    faults: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            waiver = Waiver.model_validate(entry)
        except ValidationError as error:
            faults += [
                f"waiver {number}, {'.'.join(map(str, e['loc'])) or 'whole'}: {e['msg']}" for e in error.errors()
            ]
            continue
        check = known.get(waiver.check)
        if check is None:
            faults.append(f"waiver {number}: no suite has a check {waiver.check}")
        if isinstance(check, DerivedCheck) and check.held_by:
            faults.append(
                f"waiver {number}: {waiver.check} cannot be waived: the database holds it by the {check.held_by.kind}"
                f" of {', '.join(check.held_by.columns)}, without which nothing is published; mend the rows, or the"
                " constraint in the model"
            )
        if waiver.check in found:
            faults.append(f"waiver {number}: {waiver.check} is waived twice")
        found[waiver.check] = waiver
    if faults:
        raise SuiteInvalid(f"{file.name} cannot be used: {'; '.join(faults)}.", REMEDY)
    return found
