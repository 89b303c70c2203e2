"""What it costs to check a long ledger: a chain of certificates, one for each of many publications."""

import json
import time
from collections.abc import Callable

from psycopg.types.json import Jsonb

from benchmarks.place import Place
from benchmarks.results import Figures
from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import certify, keep, read_envelope
from kvalitet.evidence.seen import look
from kvalitet.evidence.verify import verify
from kvalitet.publication import ledger
from kvalitet.settings import AUDITOR, PUBLISHER
from kvalitet.warehouse.connection import connect

ENTRIES, AIM_SECONDS = 1000, 5
#: What a publication rests on, each table with the key by which its rows are copied.
RECORDS = (
    ("build", "build_id"), ("build_load", "build_id"), ("judgement", "build_id"), ("build_material", "judgement_id"),
    ("check_measurement", "judgement_id"), ("check_verdict", "judgement_id"), ("check_waiver", "judgement_id"),
    ("table_digest", "judgement_id"), ("publication", "publication_id"), ("publication_figure", "publication_id"),
)  # fmt: skip


def measure(place: Place, figures: Figures, say: Callable[[str], None], entries: int = ENTRIES) -> None:
    """One real night, whose records are copied under new numbers and signed entry by entry, then `verify`."""
    group = f"Evidence of {entries:,} publications"
    say(f"{group}: the first")
    place.delivery(1)
    place.empty()
    place.deliver(1)
    place.kvalitet("night")
    say(f"{group}: the others")
    _lengthen(place, entries)
    place.settle()
    say(f"{group}: verify")
    with connect(place.settings, AUDITOR) as connection:
        (newest,) = connection.execute("select envelope from audit.certificate order by entry desc limit 1").fetchall()
        stated = json.loads(read_envelope(newest["envelope"]).payload)
        look(place.settings, connection, stated)  # so that neither measurement pays for what Python has to load
        began = time.monotonic()
        look(place.settings, connection, stated)
        seen = time.monotonic() - began
    began = time.monotonic()
    found = verify(place.settings)
    whole = time.monotonic() - began
    if found.faults or found.entries != entries:
        raise KvalitetError(f"Of {found.entries} entries {len(found.faults)} do not hold.", "Mend benchmarks/chain.py.")
    figures.add(group, "verify without what readers see", whole - seen, aim=AIM_SECONDS)
    figures.add(group, "what readers see, of the newest", seen)


def _lengthen(place: Place, entries: int) -> None:
    """Publications 2, 3, … with the first one's records; the last entry is the first publication once more.

    So readers see what the newest entry says.
    """
    with place.admin(place.settings.database) as admin:
        for number in range(2, entries):
            anew = Jsonb(dict.fromkeys(("build_id", "judgement_id", "publication_id"), number))
            for table, key in RECORDS:
                admin.execute(
                    f"insert into audit.{table} overriding system value"  # type: ignore[arg-type]
                    f" select (jsonb_populate_record(null::audit.{table}, to_jsonb(one) || %s)).*"
                    f" from audit.{table} as one where {key} = 1",
                    [anew],
                )
    said = ledger.figure_digests(place.settings, PUBLISHER, {1})[1]
    with connect(place.settings, PUBLISHER) as connection:
        for number in (*range(2, entries), 1):
            event, reason = ("published", None) if number > 1 else ("rolled_back_to", "the chain's last entry")
            event_id = ledger.event(connection, number, event, reason)
            certificate = certify(place.settings, connection, number, event_id, event, reason, "reporting", said)
            keep(connection, certificate)
            connection.commit()
