"""Pseudonyms of persons: HMAC-SHA-256, under each key in turn.

The first key turns a number into a pseudonym, each later one the pseudonym before into the next. So a key
that has leaked is replaced by adding one: what is in raw is brought up to date without knowing any number.
"""

import hashlib
import hmac

import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError

#: What stands in raw for a person who was erased; the rest is random.
ERASED = "erased:"
#: What a pseudonym or the digest of a row looks like.
DIGEST = r"\m[0-9a-f]{64}\M"
#: Held shared by whoever takes rows in or backs them up with their key, exclusively by whoever changes the persons in
#: them or the landing store's key.
LOCK = "persons in raw"


def stop_extractions(connection: psycopg.Connection[DictRow]) -> None:
    """Nothing is taken in until the transaction ends. Raises KvalitetError where an extraction is running."""
    lock = connection.execute("select pg_try_advisory_xact_lock(hashtext(%s)) as is_ours", [LOCK]).fetchone()
    if not lock or not lock["is_ours"]:
        raise KvalitetError("An extraction is running, or a backup.", "Wait for it to end.")


def keyed(key: bytes, kind: str, value: str) -> str:
    """One step: `kind` keeps persons and rows apart."""
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def pseudonym(keys: tuple[bytes, ...], value: str) -> str:
    """What a person's number becomes."""
    for key in keys:
        value = keyed(key, "person", value)
    return value


def fingerprint(keys: tuple[bytes, ...]) -> str:
    """Tells two sets of keys apart and nothing else about them."""
    return hashlib.sha256(b"kvalitet pseudonym keys" + b"".join(keys)).hexdigest()
