"""Pseudonyms of persons: HMAC-SHA-256, under each key in turn.

The first key turns a number into a pseudonym, each later one the pseudonym before into the next. So a key
that has leaked is replaced by adding one: what is in raw is brought up to date without knowing any number.
"""

import hashlib
import hmac

#: What stands in raw for a person who was erased; the rest is random.
ERASED = "erased:"
#: What a pseudonym or the digest of a row looks like.
DIGEST = r"\m[0-9a-f]{64}\M"


def keyed(key: bytes, kind: str, value: str) -> str:
    """One step: `kind` keeps persons and rows apart."""
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def pseudonym(keys: tuple[bytes, ...], value: str) -> str:
    """What a person's number becomes."""
    for key in keys:
        value = keyed(key, "person", value)
    return value


def row_digest(keys: tuple[bytes, ...], value: str) -> str:
    """What is kept of a row that cannot be read."""
    for key in keys:
        value = keyed(key, "row", value)
    return value


def fingerprint(keys: tuple[bytes, ...]) -> str:
    """Tells two sets of keys apart and nothing else about them."""
    return hashlib.sha256(b"kvalitet pseudonym keys" + b"".join(keys)).hexdigest()
