"""The folder of what one administration agrees and decides."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kvalitet.errors import KvalitetError

if TYPE_CHECKING:
    from kvalitet.settings.administration_file import Stated

#: What is used until an administration has a folder of its own.
EXAMPLE = Path("example") / "administration"
OWN = Path("administration")
#: What stands at the head of pages and messages where the administration says nothing else.
BRAND = "Kvalitet"


@dataclass(frozen=True)
class Administration:
    """The folder with contracts, register, waivers and policy of one administration."""

    folder: Path

    @property
    def contracts(self) -> Path:
        return self.folder / "contracts"

    @property
    def indicators(self) -> Path:
        return self.folder / "indicators"

    @property
    def docs(self) -> Path:
        """A page for each source, for people."""
        return self.folder / "docs"

    @property
    def models(self) -> Path:
        """dbt models of the administration's own, in the layers of the project."""
        return self.folder / "models"

    @property
    def macros(self) -> Path:
        return self.folder / "macros"

    @property
    def register(self) -> Path:
        """The seeds that the administration keeps: indicators, laws, themes, risk policy and the like."""
        return self.folder / "register"

    @property
    def suites(self) -> Path:
        """Checks that it adds, and what it decides of the product's."""
        return self.folder / "suites"

    @property
    def waivers(self) -> Path:
        return self.folder / "waivers.yaml"

    @property
    def mutations(self) -> Path:
        """The ways in which its figures can be spoilt, to test the gate with."""
        return self.folder / "mutations" / "mutations.yaml"

    @property
    def mutation_result(self) -> Path:
        return self.folder / "mutations" / "result.json"

    @property
    def file(self) -> Path:
        return self.folder / "administration.yaml"

    @cached_property
    def stated(self) -> "Stated":
        """What administration.yaml says. Raises KvalitetError where it cannot be used."""
        from kvalitet.settings.administration_file import read_stated  # pydantic, which most commands do without

        return read_stated(self.file)

    @property
    def title(self) -> str:
        """What stands at the head of pages and messages. Raises KvalitetError where administration.yaml is unusable."""
        return self.stated.title or BRAND


def administration_place(root: Path) -> Path:
    """The administration's folder, relative to `root`: what KVALITET_ADMINISTRATION names, or OWN, or EXAMPLE.

    Raises KvalitetError where the named folder is not there or not in the checkout. One commit then says with what a
    publication was made.
    """
    named = os.environ.get("KVALITET_ADMINISTRATION")
    if named is None:
        return OWN if (root / OWN).is_dir() else EXAMPLE
    folder = root / named
    if not folder.is_dir() or root not in folder.resolve().parents:
        raise KvalitetError(
            f"KVALITET_ADMINISTRATION names {folder}, which is no folder in the checkout.",
            "Name the folder with your contracts/, register/ and administration.yaml, relative to the checkout.",
        )
    return folder.resolve().relative_to(root)
