"""What it costs to check a long ledger: a chain of certificates, one for each of many publications."""

import json
import time
from collections.abc import Callable

from benchmarks.place import Place
from benchmarks.results import Figures
from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import certify, keep, read_envelope
from kvalitet.evidence.signing import public_key, public_key_file
from kvalitet.publication import ledger
from kvalitet.settings import AUDITOR, PUBLISHER
from kvalitet.verification.seen import look
from kvalitet.verification.verify import check_chain, verify
from kvalitet.warehouse.connection import connect

ENTRIES, AIM_SECONDS = 1000, 5
#: The tables that a publication rests on, each with the key by which its rows are copied.
RECORDS = (
    ("build", "build_id"), ("build_load", "build_id"), ("judgement", "build_id"), ("build_material", "judgement_id"),
    ("check_measurement", "judgement_id"), ("check_verdict", "judgement_id"), ("check_waiver", "judgement_id"),
    ("table_digest", "judgement_id"), ("publication", "publication_id"), ("publication_figure", "publication_id"),
)  # fmt: skip


def measure(place: Place, figures: Figures, say: Callable[[str], None], entries: int) -> None:
    """Run one real night, copy its records under new numbers, sign them entry by entry, then run `verify`."""
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
        look(place.settings, connection, stated)  # so that neither measurement includes Python's loading of modules
        began = time.monotonic()
        look(place.settings, connection, stated)
        seen = time.monotonic() - began
        began = time.monotonic()
        rows = connection.execute("select * from audit.certificate order by entry").fetchall()
        keys = [public_key(public_key_file(place.settings))]
        faults = [fault for entry in check_chain(rows, keys) for fault in entry.faults]
        chain = time.monotonic() - began
    began = time.monotonic()
    found = verify(place.settings)
    whole = time.monotonic() - began
    if faults or found.faults or found.entries != entries:
        raise KvalitetError(f"Of {found.entries} entries {len(found.faults)} do not hold.", "Mend benchmarks/chain.py.")
    figures.add(group, "certificates", sum(len(row["envelope"]) for row in rows) / 1e6, "MB")
    figures.add(group, "the chain: places, digests, signatures", chain, aim=AIM_SECONDS)
    figures.add(group, "and every statement held against the records", whole - seen)
    figures.add(group, "what readers see, of the newest", seen)


def _lengthen(place: Place, entries: int) -> None:
    """Add publications 2, 3, … with the first one's records.

    The last entry names the first publication once more, so that what readers see agrees with the newest entry.
    """
    with place.admin(place.settings.database) as admin:
        admin.execute("set session_replication_role = replica")  # rows that they refer to are copied too
        for table, key in RECORDS:
            admin.execute(
                f"insert into audit.{table} overriding system value select anew.*"  # type: ignore[arg-type]
                f" from audit.{table} as one cross join generate_series(2, %s) as copied (copy_number)"
                f" cross join jsonb_build_object('build_id', copy_number, 'judgement_id', copy_number,"
                " 'publication_id', copy_number) as numbers"
                f" cross join jsonb_populate_record(null::audit.{table}, to_jsonb(one) || numbers) as anew"
                f" where one.{key} = 1",
                [entries - 1],
            )
    said = ledger.figure_digests(place.settings, PUBLISHER, {1})[1]
    with connect(place.settings, PUBLISHER) as connection:
        for number in (*range(2, entries), 1):
            event, reason = ("published", None) if number > 1 else ("rolled_back_to", "the chain's last entry")
            event_id = ledger.event(connection, number, event, reason)
            certificate = certify(place.settings, connection, number, event_id, event, reason, "reporting", said)
            keep(connection, certificate)
            connection.commit()
