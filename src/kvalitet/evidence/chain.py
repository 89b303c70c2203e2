"""The chain of certificates: each publication and rollback adds an entry in its own transaction."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow
from securesystemslib.dsse import Envelope

from kvalitet.evidence.shown import shown
from kvalitet.evidence.signing import signer
from kvalitet.evidence.statement import Entry, Measured, canonical, digest, loads_of, reject_digests, statement
from kvalitet.settings import AUDITOR, PUBLISHER, Settings
from kvalitet.warehouse.connection import connect

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Certificate:
    """A signed entry: the envelope as it is kept, and its SHA-256, which the next entry names."""

    entry: Entry
    envelope: str
    sha256: str


def certify(
    settings: Settings,
    connection: psycopg.Connection[DictRow],
    publication_id: int,
    event_id: int,
    event: str,
    reason: str | None,
    schema: str,
    figures: dict[str, Any] | None,
) -> Certificate:
    """Sign what readers are about to see. Call it only under the publisher's lock: entries are numbered without a gap.

    `schema` is the schema in which it lies now, already open to readers in this transaction. `figures` holds count and
    digest of the published figures (publication/ledger.py). It is None where they were measured in form 1. Raises
    KvalitetError where it cannot be signed.
    """
    head = connection.execute("select entry, sha256 from audit.certificate order by entry desc limit 1").fetchone()
    entry = Entry(
        entry=head["entry"] + 1 if head else 1,
        event_id=event_id,
        event=event,
        publication_id=publication_id,
        reason=reason,
        previous_sha256=head["sha256"] if head else None,
    )
    measured = None
    if figures is not None:
        rejects = reject_digests(settings, PUBLISHER, loads_of(connection, publication_id))
        measured = Measured(figures, rejects, shown(connection, schema))
    envelope = Envelope(statement(connection, entry, measured), PAYLOAD_TYPE, {})
    envelope.sign(signer(settings))
    text = canonical(envelope.to_dict())
    return Certificate(entry, text.decode(), digest(text))


def keep(connection: psycopg.Connection[DictRow], certificate: Certificate) -> None:
    """Write the certificate beside its event, in the swap's transaction, and note that it must be anchored."""
    entry = certificate.entry
    connection.execute(
        "insert into audit.certificate (entry, event_id, publication_id, envelope, sha256, previous_sha256)"
        " values (%s, %s, %s, %s, %s, %s)",
        [
            entry.entry,
            entry.event_id,
            entry.publication_id,
            certificate.envelope,
            certificate.sha256,
            entry.previous_sha256,
        ],
    )
    _note_anchor_due(connection, entry.entry)


def write_files(settings: Settings) -> list[Path]:
    """Write each certificate without a file to `certificates/<entry>.json` beside the pages. Returns these files."""
    folder = settings.site_dir / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with connect(settings, AUDITOR) as connection:
        entries = {row["entry"] for row in connection.execute("select entry from audit.certificate")}
        for entry in sorted(entries):
            file = folder / f"{entry:06}.json"
            if file.exists():
                continue
            row = connection.execute("select envelope from audit.certificate where entry = %s", [entry]).fetchone()
            assert row is not None
            part = file.with_suffix(".part")
            part.write_text(row["envelope"], encoding="utf-8")
            part.replace(file)
            written.append(file)
    return written


def read_envelope(text: str) -> Envelope:
    """The envelope as it was kept. Raises ValueError or KeyError where it is not one."""
    return Envelope.from_dict(json.loads(text))


def _note_anchor_due(connection: psycopg.Connection[DictRow], entry: int) -> None:
    """Note in the swap's transaction that this entry must be anchored. Does nothing where no anchor is set up."""
    if os.environ.get("KVALITET_ANCHOR"):
        connection.execute("insert into audit.anchor (entry) values (%s)", [entry])
