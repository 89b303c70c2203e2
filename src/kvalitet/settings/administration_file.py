"""administration.yaml: what an administration states that stands in no contract and no register."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kvalitet.errors import KvalitetError

_README = "See docs/adopting.md."


class Stated(BaseModel):
    """`title` stands at the head of every page and message.

    `policy` holds values of dbt variables, `sample` names the maker of sample deliveries.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str | None = Field(default=None, min_length=1, max_length=60)
    policy: dict[str, str | int | float | bool] = Field(default_factory=dict)
    sample: str | None = None


def read_stated(file: Path) -> Stated:
    """What the file says, nothing where there is none. Raises KvalitetError where it cannot be used."""
    if not file.is_file():
        return Stated()
    try:
        read: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Stated.model_validate(read or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise KvalitetError(
            f"{file}{f', line {mark.line + 1}' if mark else ''}: not readable as YAML.", _README
        ) from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False))
        raise KvalitetError(f"{file} cannot be used: {'; '.join(faults)}.", _README) from None
