"""Checks that kept files are still what the ledger says: some of them each night, and all of them over some nights."""

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

#: About how many delivered bytes are read in a night. More than that is spread over several nights.
NIGHTLY_BYTES = 2 << 30

_ORIGINALS = """
select path, kept_sha256, max(bytes) as bytes, min(load_id) as load_id
from audit.landed_file where purged_at is null group by path, kept_sha256 order by kept_sha256, path
"""


@dataclass(frozen=True)
class Checked:
    """The numbers of files read tonight and in all.

    All originals are read once in `nights` nights. Without their key, none is read.
    """

    certificates: int
    originals: int
    of_originals: int
    nights: int


def check_files(settings: Settings, today: date, nightly_bytes: int = NIGHTLY_BYTES) -> Checked:
    """Compare all certificate files and tonight's share of the landed originals with their digests.

    The share follows from the day and the digests, so nothing is recorded and each file has its night in turn. Raises
    KvalitetError that names every file that is missing or holds something else.
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
    """The number of certificate files, and those that differ from the ledger. The next night writes missing ones."""
    folder, faults, found = settings.site_dir / "certificates", [], 0
    ledger = fetch_all(settings, AUDITOR, "select entry, sha256 from audit.certificate")
    kept = {row["entry"]: row["sha256"] for row in ledger}
    for file in sorted(folder.glob("*.json")):
        found += 1
        entry = int(file.stem) if file.stem.isdecimal() else None
        if kept.get(entry or 0) != digest(file.read_bytes()):
            faults.append(f"certificates/{file.name}: it is not the ledger's entry")
    return found, faults
