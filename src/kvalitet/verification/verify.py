"""Checks whether the ledger and what readers see are still what was signed.

The client computes: it asks the server only for rows, and writes, hashes and compares them here. Only publications that
were measured in form 1 rest on digests that the server computes. They are listed.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow
from securesystemslib.exceptions import VerificationError

from kvalitet.evidence.canonical import NoCanonicalForm
from kvalitet.evidence.chain import PAYLOAD_TYPE, read_envelope
from kvalitet.evidence.signing import public_key, public_key_file
from kvalitet.evidence.statement import Entry, Measured, digest, form_of_statement, reject_digests, statement
from kvalitet.publication.ledger import figure_digests
from kvalitet.settings import AUDITOR, Settings
from kvalitet.verification.anchor import read_anchors
from kvalitet.verification.seen import Seen, look
from kvalitet.warehouse.connection import connect


@dataclass
class Verification:
    """What was checked and what is wrong. `faults` is empty where everything holds."""

    entries: int = 0
    old_form: list[int] = field(default_factory=list)  # publications whose digests the server computes
    uncertified: list[int] = field(default_factory=list)  # publications older than the first certificate
    seen: Seen = field(default_factory=Seen)  # what readers see, against the newest entry
    anchored: int = 0
    faults: list[str] = field(default_factory=list)


def verify(settings: Settings, public_keys: list[Path] | None = None, anchors: Path | None = None) -> Verification:
    """Check every signature, the chain, each statement against the records, the published tables and the anchors.

    `public_keys`: PEM files, by default the installation's own. An auditor brings a copy kept elsewhere. Reads as
    auditor. Raises KvalitetError where a key or the anchors cannot be read.
    """
    keys = [public_key(file) for file in public_keys or [public_key_file(settings)]]
    found = Verification()
    with connect(settings, AUDITOR) as connection:
        rows = connection.execute(
            "select c.*, e.event, e.reason, e.publication_id as event_publication"
            " from audit.certificate as c left join audit.publication_event as e using (event_id) order by c.entry"
        ).fetchall()
        found.entries = len(rows)
        digests = _digests(settings, rows, found)
        for row, chained in zip(rows, check_chain(rows, keys), strict=True):
            faults = chained.faults
            faults += _restated(connection, row, digests, found) if chained.is_signed else []
            found.faults += [f"Entry {row['entry']}: {fault}" for fault in faults]
        found.faults += _rules(connection) + _events(connection, found)
        found.seen = look(settings, connection, _stated(rows[-1]) if rows else None)
        found.faults += found.seen.faults
    if anchors:
        by_entry = {row["entry"]: row["sha256"] for row in rows}
        for entry, sha256 in read_anchors(anchors).items():
            found.anchored += 1
            if by_entry.get(entry) != sha256:
                gone = entry not in by_entry
                found.faults.append(f"Entry {entry} was anchored and {'is gone' if gone else 'is another one now'}.")
    return found


def _stated(row: DictRow) -> dict[str, Any]:
    """What an entry states. Empty where it is no statement of ours, which the check of its signature reports.

    It is read anew each time, because the statements of some years of nights are gigabytes as objects.
    """
    try:
        stated = json.loads(read_envelope(row["envelope"]).payload)
        return stated if form_of_statement(stated) else {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True)
class _Digests:
    """The digests of the records' rows, computed here: figures by publication, rejects by load."""

    figures: dict[int, dict[str, Any]]
    rejects: dict[int, dict[str, Any]]


def _digests(settings: Settings, rows: list[DictRow], found: Verification) -> _Digests:
    """Digests for all publications that were measured in today's form, in one reading each."""
    loads, publications = set[int](), set[int]()
    for stated in map(_stated, rows):
        if stated and form_of_statement(stated) != 1:
            loads |= {delivery["load_id"] for delivery in stated["predicate"]["deliveries"]}
            publications.add(stated["predicate"]["publication"]["publication_id"])
    try:
        return _Digests(figure_digests(settings, AUDITOR, publications), reject_digests(settings, AUDITOR, loads))
    except NoCanonicalForm as error:
        found.faults.append(f"The records are not as they were written: {error.what}")
        return _Digests({}, {})


@dataclass
class Chained:
    """What is wrong with an entry by itself and in its place, and whether its signature is valid."""

    faults: list[str]
    is_signed: bool


def check_chain(rows: list[DictRow], keys: list) -> Iterator[Chained]:
    """Check each certificate's place in the chain, digest and signature, without the records that it states."""
    previous: str | None = None
    for number, row in enumerate(rows, start=1):
        unsigned = _signed(row, keys)
        yield Chained(_chained(row, number, previous) + unsigned, not unsigned)
        previous = row["sha256"]


def _chained(row: DictRow, number: int, previous: str | None) -> list[str]:
    faults = []
    if row["entry"] != number:
        faults.append(f"there is no entry {number} before it")
    if row["previous_sha256"] != previous:
        faults.append("it does not rest on the entry before it")
    if digest(row["envelope"].encode()) != row["sha256"]:
        faults.append("its envelope is not the one that was kept")
    return faults


def _signed(row: DictRow, keys: list) -> list[str]:
    try:
        envelope = read_envelope(row["envelope"])
        envelope.verify(keys, 1)
    except (VerificationError, ValueError, KeyError):
        return ["its signature is not by the given key"]
    return [] if envelope.payload_type == PAYLOAD_TYPE else [f"it is no statement but {envelope.payload_type}"]


def _restated(
    connection: psycopg.Connection[DictRow], row: DictRow, digests: _Digests, found: Verification
) -> list[str]:
    """Make the statement again from the records and compare. Only the entry says how readers were shown it then."""
    if not (stated := _stated(row)):
        return ["it is a statement of a kind that is not known here"]
    if row["event_publication"] != row["publication_id"]:
        return ["its event is another publication's"]
    number, measured = row["publication_id"], None
    if form_of_statement(stated) == 1:
        found.old_form += [number] if number not in found.old_form else []
    else:
        definitions = stated["predicate"]["definitions"]
        measured = Measured(digests.figures.get(number, {}), digests.rejects, definitions)
    entry = Entry(row["entry"], row["event_id"], row["event"], number, row["reason"], row["previous_sha256"])
    signed = read_envelope(row["envelope"]).payload
    if signed != (now := statement(connection, entry, measured)):
        return [f"the records now say something else: {', '.join(_changed(signed, now))}"]
    return []


def _rules(connection: psycopg.Connection[DictRow]) -> list[str]:
    """Check that every rule's text has the digest by which the certificates name it."""
    rows = connection.execute("select rule_sha256, rule from audit.check_rule order by rule_sha256")
    changed = [
        row["rule_sha256"][:12]
        for row in rows
        if hashlib.sha256(row["rule"].encode()).hexdigest() != row["rule_sha256"]
    ]
    return [f"The text of rule {sha256}… is another one than when it was asked." for sha256 in changed]


def _changed(signed: bytes, now: bytes) -> list[str]:
    """The names of the parts of the predicate that differ, without values."""
    try:
        before, after = json.loads(signed)["predicate"], json.loads(now)["predicate"]
    except (ValueError, KeyError, TypeError):
        return ["all of it"]
    return sorted(part for part in before.keys() | after.keys() if before.get(part) != after.get(part)) or ["subject"]


def _events(connection: psycopg.Connection[DictRow], found: Verification) -> list[str]:
    """Check that events from the first certified one on have certificates. Older publications are only listed."""
    rows = connection.execute(
        "select e.event_id, e.publication_id, c.entry, (select min(event_id) from audit.certificate) as first"
        " from audit.publication_event as e left join audit.certificate as c using (event_id) order by e.event_id"
    ).fetchall()
    lacking = [row for row in rows if row["entry"] is None]
    found.uncertified = [r["publication_id"] for r in lacking if r["first"] is None or r["event_id"] < r["first"]]
    return [f"Event {r['event_id']} has no certificate." for r in lacking if r["first"] and r["event_id"] > r["first"]]
