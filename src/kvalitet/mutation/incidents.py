"""Incidents as people write them: what went wrong somewhere, told in this domain, to be tried on the gate.

A mutation is one kind of error at several sizes, by which the checks were made. An incident is one whole story from a
public account. Half of them are written by somebody who knows no check, and are run only once the checks are there.
"""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kvalitet.errors import KvalitetError

Kind = Literal[
    "TRUNC", "DUP", "MAP", "DEF", "OTHER", "CUM", "HIST", "DROP", "DENOM", "STALE", "DATE", "FAB", "DEFN", "RECON"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Delivered(_Strict):
    """SQL over what a source delivers that night, see kvalitet.mutation.delivered."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sql: str = Field(min_length=10)


class Candidate(_Strict):
    """SQL on the finished star. `table` is the one that it mainly changes."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sql: str = Field(min_length=10)


class Incident(_Strict):
    """One incident. `kind` is from the list of kinds in docs/mutation.md, `seen_at` a public account of its like."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    what: str = Field(min_length=30)
    seen_at: str = Field(pattern=r"^https?://")
    delivery: Delivered | None = None
    candidate: Candidate | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Incident":
        if (self.delivery is None) == (self.candidate is None):
            raise ValueError("write either `delivery:` or `candidate:`")
        return self


class _File(_Strict):
    incidents: list[Incident] = Field(min_length=1)


def load_incidents(file: Path) -> list[Incident]:
    """The incidents in the order written. Raises KvalitetError with every fault found."""
    try:
        found = _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).incidents
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise KvalitetError(
            f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML.", "See docs/mutation.md."
        ) from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise KvalitetError(f"{file.name} cannot be used: {faults}.", "See docs/mutation.md.") from None
    ids = [incident.id for incident in found]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise KvalitetError(f"{file.name} has the id {', '.join(twice)} twice.", "Give each its own.")
    return found
