"""Connections to the warehouse, each as one role, and advice where no connection can be made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.address import ACTING_PATH

#: Errors of the client's library (in English whatever language the server speaks), and their remedies.
_REMEDIES = {
    "does not match host name": "Write the name that the certificate is for into the address, or have a certificate"
    " made for this name.",
    "certificate verify failed": "sslrootcert must hold the authority that signed the server's certificate, and the"
    " certificate must not have run out.",
    "root certificate": "sslrootcert must be a file of certificates (PEM) that this user can read.",
    "does not support SSL": "Turn TLS on at the server (ssl = on); do not go on without it outside one machine.",
    "private key file": "sslkey must belong to this user with mode 0600, and fit to sslcert.",
    "SSL error": "Server and client do not agree on TLS: see the server's log; it may ask for a client certificate"
    " (sslcert, sslkey).",
}


class NotReached(KvalitetError):
    """The server does not answer, or refuses the role."""


@contextmanager
def connect(settings: Settings, role: str) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection as `role`, committed at the end of the block and rolled back on an exception.

    Rows are dictionaries. Raises NotReached where the server cannot be reached.
    """
    try:
        connection = psycopg.Connection[DictRow].connect(
            settings.dsn(role, options=ACTING_PATH),
            row_factory=dict_row,
            fallback_application_name="kvalitet",  # PGAPPNAME names the start or build that the session belongs to
            connect_timeout=10,
        )
    except psycopg.OperationalError as error:
        raise not_reached(settings, role, error) from None
    with connection:
        yield connection


def not_reached(settings: Settings, role: str, error: psycopg.OperationalError) -> NotReached:
    """The error that says which server refuses `role`, what it said, and what to correct."""
    said = last_words(error)
    what = f"The warehouse at {settings.server} cannot be reached as {role}: {said}."
    return NotReached(what, _remedy(said) or "Start it with `kvalitet up`, or check KVALITET_DATABASE_URL.")


def admin_not_reached(server: str, error: psycopg.OperationalError) -> NotReached:
    """The same error for the admin."""
    said = last_words(error)
    check = "Check KVALITET_ADMIN_URL, and that the server runs; of the embedded one see var/log/postgres.log."
    return NotReached(f"The server at {server} does not let the admin in: {said}.", _remedy(said) or check)


def last_words(error: psycopg.OperationalError) -> str:
    """The last error that libpq reports, which names no password."""
    lines = [line for line in str(error).strip().splitlines() if not line.startswith(("DETAIL:", "HINT:"))]
    return lines[-1].rpartition("failed: ")[2].strip().rstrip(".") if lines else type(error).__name__


def _remedy(said: str) -> str | None:
    """The remedy for a connection that TLS refuses. None for any other."""
    return next((remedy for part, remedy in _REMEDIES.items() if part in said), None)


def fetch_all(settings: Settings, role: str, query: LiteralString, parameters: dict | None = None) -> list[DictRow]:
    """The rows of one query in a transaction of its own."""
    with connect(settings, role) as connection:
        return connection.execute(query, parameters).fetchall()
