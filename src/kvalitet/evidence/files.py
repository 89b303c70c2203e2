"""Whether kept files are still what the ledger says: a part of them each night, all of them in some nights."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet.evidence.statement import digest
from kvalitet.landing.keys import key_file
from kvalitet.landing.store import Store
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

#: How much is read a night before it is spread over more of them, in delivered bytes.
NIGHTLY_BYTES = 2 << 30

_ORIGINALS = """
select path, kept_sha256, max(bytes) as bytes, min(load_id) as load_id
from audit.landed_file where purged_at is null group by path, kept_sha256 order by kept_sha256, path
"""


@dataclass(frozen=True)
class Checked:
    """How many files were read tonight, of how many; `nights` until all were. Without their key no original is read."""

    certificates: int
    originals: int
    of_originals: int
    nights: int


def check_files(settings: Settings, today: date, nightly_bytes: int = NIGHTLY_BYTES) -> Checked:
    """Compare all certificate files and tonight's share of the landed originals with their digests.

    Which share it is follows from the day and the digests, so nothing is recorded: each file has its night in turn.
    Raises KvalitetError with every file that is missing or holds something else, by name.
    """
    certificates, faults = _certificates(settings)
    rows = fetch_all(settings, AUDITOR, _ORIGINALS)
    nights = max(1, -(-sum(row["bytes"] for row in rows) // nightly_bytes))
    share = [row for row in rows if int(row["kept_sha256"][:15], 16) % nights == today.toordinal() % nights]
    if not key_file(settings).is_file():
        share = []
    store = Store(settings)
    with tempfile.TemporaryDirectory(prefix="kvalitet-check-") as folder:
        for row in share:
            target = Path(folder) / "file"
            try:
                store.fetch(row["path"], target, row["kept_sha256"])
            except KvalitetError as error:
                faults.append(f"load {row['load_id']}: {error.what}")
            target.unlink(missing_ok=True)
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise KvalitetError(
            f"{len(faults)} kept files are not what the ledger says:\n{listed}",
            "Bring them back from a backup, and find out who changed them: docs/security.md.",
        )
    return Checked(certificates, len(share), len(rows), nights)


def _certificates(settings: Settings) -> tuple[int, list[str]]:
    """How many certificates are files, and which of these are not the ledger's; the next night writes missing ones."""
    folder, faults, found = settings.site_dir / "certificates", [], 0
    ledger = fetch_all(settings, AUDITOR, "select entry, sha256 from audit.certificate")
    kept = {row["entry"]: row["sha256"] for row in ledger}
    for file in sorted(folder.glob("*.json")):
        found += 1
        entry = int(file.stem) if file.stem.isdecimal() else None
        if kept.get(entry or 0) != digest(file.read_bytes()):
            faults.append(f"certificates/{file.name}: it is not the ledger's entry")
    return found, faults
