"""The ledger's entries that are not yet anchored: noted with the publication, and anchored until none is left.

A failed anchor does not undo a publication, and it does not go away by trying the publication again.
"""

from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, PUBLISHER, Settings
from kvalitet.verification.anchor import anchor_head
from kvalitet.warehouse.connection import connect, fetch_all

_NEXT = """
select entry, sha256 from audit.anchor inner join audit.certificate using (entry)
where anchored_at is null order by entry limit 1 for update of anchor
"""


def due(settings: Settings) -> list[int]:
    """The entries that have yet to be anchored, oldest first."""
    query = "select entry from audit.anchor where anchored_at is null order by entry"
    return [row["entry"] for row in fetch_all(settings, AUDITOR, query)]


def work_off(settings: Settings) -> int:
    """Anchor all that is due, oldest first. Returns how many. Safe to run at any time and as often as wanted.

    Killed between the anchor and its note, it anchors the same entry once more. Raises KvalitetError where an anchor
    fails or none is set up any more. That entry stays due, and so do those after it.
    """
    anchored = 0
    while True:
        with connect(settings, PUBLISHER) as connection:
            row = connection.execute(_NEXT).fetchone()
            if row is None:
                return anchored
            if not anchor_head(row["entry"], row["sha256"]):
                raise KvalitetError(
                    f"Entry {row['entry']} of the ledger is due to be anchored, and KVALITET_ANCHOR is not set.",
                    "Set it as it was, and run `kvalitet anchor`.",
                )
            connection.execute(
                "update audit.anchor set anchored_at = clock_timestamp() where entry = %s", [row["entry"]]
            )
        anchored += 1
