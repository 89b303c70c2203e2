"""Clean nights: deliveries of the generator in order, with natural variation, which must never be held back."""

import time
from dataclasses import dataclass
from pathlib import Path

from kvalitet.mutation.place import copy_of
from kvalitet.mutation.trials import Deliveries, build_all, judge, take_in
from kvalitet.publication import publish
from kvalitet.settings import Settings


@dataclass(frozen=True)
class Night:
    """One night of one municipality (`seed`): the critical checks that held it back, and the warnings it had.

    `bands` is how many deliveries were compared with a volume learned from those published before.
    """

    seed: int
    night: int
    passed: int
    not_applicable: int
    bands: int
    critical: tuple[str, ...]
    warnings: tuple[str, ...]
    refused: tuple[str, ...]
    seconds: float


def clean_nights(empty: Settings, deliveries: Deliveries, nights: int, name: str) -> list[Night]:
    """The first `nights` nights of one municipality, one after the other, each published before the next.

    A night that is held back ends them, because the next one would rest on what was never published.
    """
    found: list[Night] = []
    with copy_of(empty, empty.database, name) as place:
        inbox = Path(place.inbox.removeprefix("file://"))
        for night in range(1, nights + 1):
            began = time.monotonic()
            deliveries.write(inbox, night)
            refused = take_in(place)
            build = build_all(place, f"clean night {night}")
            verdict = judge(place, build.build_id)
            found.append(
                Night(
                    seed=deliveries.seed,
                    night=night,
                    passed=verdict.counted.passed,
                    not_applicable=verdict.counted.not_applicable,
                    bands=sum(r.check_id.endswith("_volume") and r.status != "not_applicable" for r in verdict.results),
                    critical=tuple(sorted(r.check_id for r in verdict.blocking)),
                    warnings=tuple(sorted(r.check_id for r in verdict.warnings)),
                    refused=tuple(refused),
                    seconds=round(time.monotonic() - began, 1),
                )
            )
            if not verdict.passed:
                break
            publish(place, build.build_id)
    return found
