"""Pseudonyms of persons: HMAC-SHA-256, under each key in turn.

The first key turns a number into a pseudonym, and each later one turns the pseudonym before it into the next. So a key
that has leaked is replaced by adding one, and raw is brought up to date without knowing any number.
"""

import hashlib
import hmac

#: The prefix in raw for a person who was erased. The rest is random.
ERASED = "erased:"
#: The pattern of a pseudonym or the digest of a row.
DIGEST = r"\m[0-9a-f]{64}\M"


def keyed(key: bytes, kind: str, value: str) -> str:
    """One HMAC step. `kind` keeps persons and rows apart."""
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def pseudonym(keys: tuple[bytes, ...], value: str) -> str:
    """The pseudonym of a person's number."""
    for key in keys:
        value = keyed(key, "person", value)
    return value


def row_digest(keys: tuple[bytes, ...], value: str) -> str:
    """The digest that is kept of a row that cannot be read."""
    for key in keys:
        value = keyed(key, "row", value)
    return value


def fingerprint(keys: tuple[bytes, ...]) -> str:
    """A digest that tells two sets of keys apart and reveals nothing else about them."""
    return hashlib.sha256(b"kvalitet pseudonym keys" + b"".join(keys)).hexdigest()
