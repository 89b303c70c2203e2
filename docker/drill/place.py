"""The drill's own place: where its copies lie, what its steps hand on to each other, and how all of it is removed."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from installation import Failed, Installation


@dataclass
class Drill:
    """What every step is given. `facts` outlive the process, so that `--from` can continue a drill that was kept."""

    root: Path
    seed: int
    earlier: str  # the commit that the upgrade begins with
    say: Callable[[str], None]
    chance: random.Random = field(init=False)
    facts: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - which instants are tried, no secret
        file = self.place / "facts.json"
        self.facts = json.loads(file.read_text()) if file.is_file() else {}

    @property
    def place(self) -> Path:
        return self.root / "var" / "drill"

    @property
    def _name(self) -> str:
        """A name that belongs to this checkout alone, so that drills of two checkouts on one engine do not collide."""
        return f"kvalitet-drill-{hashlib.sha256(str(self.place).encode()).hexdigest()[:8]}"

    @property
    def team(self) -> Installation:
        """The installation that all steps but the upgrade use."""
        return Installation(self.place / "team", self._name)

    @property
    def upgraded(self) -> Installation:
        return Installation(self.place / "upgraded", f"{self._name}-upgraded")

    def note(self, **facts: Any) -> None:
        self.facts |= facts
        (self.place / "facts.json").write_text(json.dumps(self.facts, default=str))

    def fact(self, name: str) -> Any:
        if name not in self.facts:
            raise Failed(f"No step before this one has said {name}: begin with --from an earlier step.")
        return self.facts[name]

    def begin_anew(self) -> None:
        """Remove what an earlier drill of this checkout left, whether it was kept or killed."""
        self.remove()
        self.facts = {}
        self.place.mkdir(parents=True)

    def remove(self) -> None:
        """Remove everything that the drill made. Raises Failed with what the engine does not remove."""
        for installation in (self.team, self.upgraded):
            installation.remove()
        shutil.rmtree(self.place, ignore_errors=True)
        with suppress(OSError):
            self.place.parent.rmdir()
        left = {name: found for one in (self.team, self.upgraded) for name, found in one.left().items() if found}
        if left or self.place.exists():
            raise Failed(f"Left behind: {left or self.place}")
