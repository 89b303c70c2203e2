"""Keeps data from being taken in or built after a restore until the erasures that it undid were carried out again."""

import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError


def refuse_until_confirmed(connection: psycopg.Connection[DictRow]) -> None:
    """Raises KvalitetError where the database was restored and nobody has confirmed its erasures yet."""
    waiting = connection.execute(
        "select backup, erasures, erasures_unknown_since from audit.restore where confirmed_at is null"
        " order by restore_id limit 1"
    ).fetchone()
    if waiting is None:
        return
    raise KvalitetError(
        f"The database was restored from {waiting['backup']}, and nothing is taken in or built yet:"
        f" {said_of_erasures(waiting)}.",
        "Carry each out again with `kvalitet person erase`, then:"
        " kvalitet person confirm-erasures --by NAME --reason '…'",
    )


def said_of_erasures(row: DictRow) -> str:
    """Which erasures were undone according to a row of audit.restore, by number only."""
    parts = []
    if row["erasures"]:
        listed = ", ".join(map(str, row["erasures"]))
        parts.append(f"{'erasure' if len(row['erasures']) == 1 else 'erasures'} {listed} came after the backup")
    if row["erasures_unknown_since"]:
        parts.append(f"nothing is known about erasures since {row['erasures_unknown_since']:%Y-%m-%d %H:%M %Z}")
    return " and ".join(parts)
