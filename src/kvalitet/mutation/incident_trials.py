"""One trial of an incident: the night that comes of it, what the real gate says, and what moved."""

import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from kvalitet.contracts import load_contracts
from kvalitet.gate import Verdict
from kvalitet.mutation.delivered import change_tables
from kvalitet.mutation.effect import Moved, figures, moved
from kvalitet.mutation.incidents import Incident
from kvalitet.mutation.place import copy_of
from kvalitet.mutation.spoil import spoil_whole
from kvalitet.mutation.trials import Deliveries, beyond, build_all, judge, outcome, take_in
from kvalitet.publication import finish_candidate
from kvalitet.settings import Settings
from kvalitet.warehouse import server


@dataclass(frozen=True)
class Tried:
    """What became of an incident, with the outcomes of a Trial. `moved` is None where no figure moved."""

    incident: str
    kind: str
    outcome: str
    critical: tuple[str, ...]
    warnings: tuple[str, ...]
    moved: Moved | None
    seconds: float


def try_delivered(
    published: Settings, good: Settings, clean: Verdict, incident: Incident, name: str, deliveries: Deliveries
) -> Tried:
    """Take in the second night with the incident in it, over a copy of `published`, build and judge it.

    `good` is the same night without the incident, built, and `clean` the gate's verdict on it.
    """
    assert incident.delivery
    began, source = time.monotonic(), incident.delivery.source
    with copy_of(published, published.database, name) as copy:
        inbox = Path(copy.inbox.removeprefix("file://"))
        deliveries.write_with(inbox, source, 2)
        change_tables(inbox / source, load_contracts(copy)[source], incident.delivery.sql)
        refused = source in take_in(copy)
        build = build_all(copy, f"incident {incident.id}")
        found = judge(copy, build.build_id)
        return _tried(incident, good, copy, clean, found, refused, began)


def try_in_candidate(good: Settings, build_id: int, clean: Verdict, incident: Incident, name: str) -> Tried:
    """Let the incident happen in a copy of `good`, whose build `build_id` is finished but not judged, and judge it."""
    assert incident.candidate
    began, manifest = time.monotonic(), good.var / "dbt" / "target" / "manifest.json"
    with copy_of(good, good.database, name) as copy:
        with psycopg.connect(server.admin_url(copy, copy.database)) as admin:
            spoil_whole(admin, incident.id, incident.candidate.table, incident.candidate.sql)
        finish_candidate(copy, build_id, manifest)
        found = judge(copy, build_id, manifest)
        return _tried(incident, good, copy, clean, found, False, began)


def _tried(
    incident: Incident, good: Settings, copy: Settings, clean: Verdict, found: Verdict, refused: bool, began: float
) -> Tried:
    critical, warnings = beyond(clean.blocking, found.blocking), beyond(clean.warnings, found.warnings)
    return Tried(
        incident=incident.id,
        kind=incident.kind,
        outcome=outcome(critical, refused, warnings),
        critical=critical,
        warnings=warnings,
        moved=moved(figures(good), figures(copy)),
        seconds=round(time.monotonic() - began, 1),
    )
