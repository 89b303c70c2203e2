"""Whether the ledger and what readers see are still what was signed.

Whoever asks computes: the server is asked for rows, which are written, hashed and compared here. Only publications
that were measured in form 1 rest on digests that the server takes; they are named.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow
from securesystemslib.exceptions import VerificationError

from kvalitet.evidence.anchor import read_anchors
from kvalitet.evidence.chain import PAYLOAD_TYPE, read_envelope
from kvalitet.evidence.signing import public_key, public_key_file
from kvalitet.evidence.statement import Entry, digest, form_of_statement, statement
from kvalitet.publication.canonical import FORM, NoCanonicalForm
from kvalitet.publication.digest import CONTENT, contents, differences, form_of, recorded, tables_of
from kvalitet.publication.ledger import figure_digests
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect

REPORTING = "reporting"


@dataclass
class Verification:
    """What was checked and what is wrong; `faults` is empty where everything holds."""

    entries: int = 0
    old_form: list[int] = field(default_factory=list)  # publications whose digests the server takes
    uncertified: list[int] = field(default_factory=list)  # publications older than the first certificate
    tables: int = 0  # published tables compared
    anchored: int = 0
    faults: list[str] = field(default_factory=list)


def verify(settings: Settings, public_keys: list[Path] | None = None, anchors: Path | None = None) -> Verification:
    """Check every signature, the chain, each statement against the records, the published tables and the anchors.

    `public_keys`: PEM files, by default the installation's own; an auditor brings a copy kept elsewhere. Reads as
    auditor. Raises KvalitetError where a key or the anchors cannot be read.
    """
    keys = [public_key(file) for file in public_keys or [public_key_file(settings)]]
    found = Verification()
    with connect(settings, AUDITOR) as connection:
        connection.execute("set search_path = pg_catalog, pg_temp")
        rows = connection.execute(
            "select c.*, e.event, e.reason, e.publication_id as event_publication"
            " from audit.certificate as c left join audit.publication_event as e using (event_id) order by c.entry"
        ).fetchall()
        found.entries = len(rows)
        figures = _figures(settings, rows, found)
        previous: str | None = None
        for number, row in enumerate(rows, start=1):
            faults = _entry(connection, row, number, previous, keys, figures, found)
            found.faults += [f"Entry {row['entry']}: {fault}" for fault in faults]
            previous = row["sha256"]
        found.faults += _events(connection, found)
        found.faults += _published(settings, connection, found)
    if anchors:
        by_entry = {row["entry"]: row["sha256"] for row in rows}
        for entry, sha256 in read_anchors(anchors).items():
            found.anchored += 1
            if by_entry.get(entry) != sha256:
                gone = entry not in by_entry
                found.faults.append(f"Entry {entry} was anchored and {'is gone' if gone else 'is another one now'}.")
    return found


def _figures(settings: Settings, rows: list[DictRow], found: Verification) -> dict[int, dict[str, Any]]:
    """Count and digest of what each publication of today's form said, all of them in one reading."""
    try:
        return figure_digests(
            settings, AUDITOR, {row["publication_id"] for row in rows if _form(row["envelope"]) == FORM}
        )
    except NoCanonicalForm as error:
        found.faults.append(f"Figures of the ledger are not as they were said: {error.what}")
        return {}


def _form(envelope: str) -> int | None:
    """The form that an entry says it rests on; None where it is none of ours."""
    try:
        return form_of_statement(json.loads(read_envelope(envelope).payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _entry(
    connection: psycopg.Connection[DictRow],
    row: DictRow,
    number: int,
    previous: str | None,
    keys: list,
    figures: dict[int, dict[str, Any]],
    found: Verification,
) -> list[str]:
    faults = []
    if row["entry"] != number:
        faults.append(f"there is no entry {number} before it")
    if row["previous_sha256"] != previous:
        faults.append("it does not rest on the entry before it")
    if digest(row["envelope"].encode()) != row["sha256"]:
        faults.append("its envelope is not the one that was kept")
    try:
        envelope = read_envelope(row["envelope"])
        envelope.verify(keys, 1)
    except (VerificationError, ValueError, KeyError):
        return [*faults, "its signature is not by the given key"]
    if envelope.payload_type != PAYLOAD_TYPE:
        faults.append(f"it is no statement but {envelope.payload_type}")
    form = _form(row["envelope"])
    if form is None:
        return [*faults, "it is a statement of a kind that is not known here"]
    if form == 1 and row["publication_id"] not in found.old_form:
        found.old_form.append(row["publication_id"])
    entry = Entry(row["entry"], row["event"], row["publication_id"], row["reason"], row["previous_sha256"])
    if row["event_publication"] != row["publication_id"]:
        faults.append("its event is another publication's")
    elif envelope.payload != (now := statement(connection, entry, form, figures.get(row["publication_id"]))):
        faults.append(f"the records now say something else: {', '.join(_changed(envelope.payload, now))}")
    return faults


def _changed(signed: bytes, now: bytes) -> list[str]:
    """The parts of the predicate that differ, by name; no values."""
    try:
        before, after = json.loads(signed)["predicate"], json.loads(now)["predicate"]
    except (ValueError, KeyError, TypeError):
        return ["all of it"]
    return sorted(part for part in before.keys() | after.keys() if before.get(part) != after.get(part)) or ["subject"]


def _events(connection: psycopg.Connection[DictRow], found: Verification) -> list[str]:
    """Every event from the first certified one on has its certificate; older publications are told, not blamed."""
    rows = connection.execute(
        "select e.event_id, e.publication_id, c.entry, (select min(event_id) from audit.certificate) as first"
        " from audit.publication_event as e left join audit.certificate as c using (event_id) order by e.event_id"
    ).fetchall()
    lacking = [row for row in rows if row["entry"] is None]
    found.uncertified = [r["publication_id"] for r in lacking if r["first"] is None or r["event_id"] < r["first"]]
    return [f"Event {r['event_id']} has no certificate." for r in lacking if r["first"] and r["event_id"] > r["first"]]


def _published(settings: Settings, connection: psycopg.Connection[DictRow], found: Verification) -> list[str]:
    """The tables that readers see are those of the publication that they are stamped with."""
    if not tables_of(connection, REPORTING):
        return []
    stamps = connection.execute("select publication_id, build_id from reporting.publication").fetchall()
    if len(stamps) != 1:
        return [f"What readers see is stamped with {len(stamps)} publications."]
    measured = [one for one in recorded(connection, stamps[0]["build_id"]) if one.kind == CONTENT]
    try:
        seen = contents(settings, AUDITOR, REPORTING, form_of(measured))
    except NoCanonicalForm as error:
        return [f"What readers see is not what was published: {error.what}"]
    found.tables = len(seen)
    said = f"publication {stamps[0]['publication_id']}"
    return [f"What readers see is not what {said} was: {name}." for name in differences(measured, seen)]
