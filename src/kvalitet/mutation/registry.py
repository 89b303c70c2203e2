"""The mutations as people write them: mutations.yaml, read and checked.

A mutation is one way in which figures go wrong in practice. A *candidate* mutation is SQL on the finished candidate: a
rule or a join that went wrong after intake. A *delivery* mutation changes delivered files as a sender's error would,
and everything after it is built from the wrong file.
"""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kvalitet.errors import KvalitetError
from kvalitet.mutation.files import CHANGES

SIZES = ("row", "percent", "tenth")
WHOLE = "whole"
Size = Literal["row", "percent", "tenth", "whole"]
#: The share of the changeable rows that each size takes, but never less than one row.
SHARES: dict[str, float] = {"row": 0.0, "percent": 0.01, "tenth": 0.1, "whole": 1.0}


class MutationsInvalid(KvalitetError):
    """mutations.yaml cannot be used. Nothing is run before it is corrected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Rows(_Strict):
    """The rows that can be changed: `table`, of the candidate or of a contract, and which of its rows."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    where: str = "true"


class Delivery(_Strict):
    """What is wrong with the deliveries of a night: a changed file, or a source that has fallen silent.

    `file` begins the delivered file's name, `change` is one of kvalitet.mutation.files.CHANGES, and `where` are the
    values of the rows that can be changed. `silent_nights` without a file says by how many nights all other sources are
    ahead.
    """

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    file: str = ""
    change: str = ""
    column: str = ""
    with_value: str = ""
    where: dict[str, str] = Field(default_factory=dict)
    silent_nights: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _known(self) -> "Delivery":
        if bool(self.file) == bool(self.silent_nights):
            raise ValueError("write either `file:` with `change:`, or `silent_nights:`")
        if self.file and self.change not in CHANGES:
            raise ValueError(f"there is no change {self.change}; known: {', '.join(CHANGES)}")
        return self


class Gap(_Strict):
    """Why the gate cannot catch the mutation at some sizes, stated beforehand."""

    reason_da: str = Field(min_length=20)
    reason_en: str = Field(min_length=20)


class Mutation(_Strict):
    """One kind of error. `sql` finds the chosen rows' ctid in `picked`. A `whole` mutation takes no size."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_da: str = Field(min_length=5)
    name_en: str = Field(min_length=5)
    imitates_da: str = Field(min_length=15)
    imitates_en: str = Field(min_length=15)
    rows: Rows | None = None
    sql: str | None = None
    delivery: Delivery | None = None
    has_sizes: bool = True
    gap: Gap | None = None

    @property
    def kind(self) -> Literal["candidate", "delivery"]:
        return "candidate" if self.sql else "delivery"

    @property
    def sizes(self) -> tuple[Size, ...]:
        return SIZES if self.has_sizes else (WHOLE,)

    @model_validator(mode="after")
    def _one_kind(self) -> "Mutation":
        if (self.sql is None) == (self.delivery is None):
            raise ValueError("write either `sql:` or `delivery:`")
        if self.sql and not self.rows:
            raise ValueError("`sql:` needs `rows:`, the rows it changes")
        if self.sql and self.has_sizes and "picked" not in self.sql:
            raise ValueError("the sql must take its rows from `picked`, or say `has_sizes: false`")
        return self


def load_mutations(file: Path) -> list[Mutation]:
    """All mutations, in the order written. Raises MutationsInvalid with every fault found."""
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise MutationsInvalid(
            f"{file.name}{f' line {mark.line + 1}' if mark else ''}: not readable as YAML.", "See docs/mutation.md."
        ) from None
    entries = raw.get("mutations") if isinstance(raw, dict) and set(raw) == {"mutations"} else None
    if not isinstance(entries, list) or not entries:
        raise MutationsInvalid(f"{file.name} must hold one list called `mutations`.", "See docs/mutation.md.")
    found: dict[str, Mutation] = {}
    faults: list[str] = []
    for number, entry in enumerate(entries, start=1):
        name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        try:
            mutation = Mutation.model_validate(entry)
        except ValidationError as error:
            faults += [f"{name}, {'.'.join(map(str, e['loc'])) or 'whole'}: {e['msg']}" for e in error.errors()]
            continue
        if mutation.id in found:
            faults.append(f"{name}: the id is taken")
        found[mutation.id] = mutation
    if faults:
        raise MutationsInvalid(f"{file.name} cannot be used: {'; '.join(faults)}.", "See docs/mutation.md.")
    return list(found.values())
