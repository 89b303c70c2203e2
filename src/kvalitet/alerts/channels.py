"""Mail and webhook through Airflow's notifiers, inside a task and outside of one.

The environment says where to send, as `Channel` reads it. Airflow gets it as a connection while a message is sent. The
notifiers' own errors repeat addresses and tokens. The errors raised here do not.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from kvalitet.alerts.failed import SECONDS, SEE
from kvalitet.errors import KvalitetError

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

    from kvalitet.alerts.message import Message

_MAIL_SERVER = ("KVALITET_ALERT_SMTP", "KVALITET_ALERT_MAIL_FROM")


@dataclass(frozen=True)
class Channel:
    """One way to reach people. `connection` is Airflow's connection as JSON, and `options` are the notifier's."""

    name: str
    connection: dict[str, Any] = field(repr=False)
    options: dict[str, str] = field(default_factory=dict)

    def send(self, message: "Message") -> None:
        """Hand the message over. Returns once the other side has accepted it. Raises AlertFailed."""
        connection_id = f"kvalitet_alert_{self.name}"
        with _connection(connection_id, self.connection):
            # Airflow renders a notifier's fields as templates, so the message is handed over in the context instead.
            self._notifier(connection_id)({"alert": message})

    def _notifier(self, connection_id: str) -> "BaseNotifier":
        from kvalitet.alerts import notifiers  # takes seconds to import, so only where something is sent

        if self.name == "mail":
            return notifiers.Mail(smtp_conn_id=connection_id, **self.options)
        return notifiers.Webhook(http_conn_id=connection_id)


def channels() -> list[Channel]:
    """The channels that are set up, by default none. Raises KvalitetError where a channel is only half set up."""
    return [channel for channel in (_mail(), _webhook()) if channel]


def _mail() -> Channel | None:
    names = (*_MAIL_SERVER, "KVALITET_ALERT_MAIL_TO")
    if not any(_setting(name) for name in names):
        return None
    return mail_to(_all_of(names)[-1])


def mail_to(address: str) -> Channel:
    """A channel that mails to one or several addresses, comma-separated. Raises KvalitetError without a mail server."""
    server, sender = _all_of(_MAIL_SERVER)
    url = _read("KVALITET_ALERT_SMTP", server, ("smtp", "smtps"), "of the form smtp://user:password@host:587")
    connection = {
        "conn_type": "smtp",
        "host": url.hostname,
        "port": url.port or (465 if url.scheme == "smtps" else 587),
        "login": unquote(url.username or "") or None,
        "password": unquote(url.password or "") or None,
        "extra": {
            "disable_ssl": url.scheme == "smtp",
            "disable_tls": url.scheme == "smtps" or parse_qs(url.query).get("tls") == ["off"],
            "timeout": SECONDS,
            "retry_limit": 1,
        },
    }
    return Channel("mail", connection, {"from_email": sender, "to": address})


def _webhook() -> Channel | None:
    address = _setting("KVALITET_ALERT_WEBHOOK")
    if not address:
        return None
    _read("KVALITET_ALERT_WEBHOOK", address, ("http", "https"), "an address that begins with https://")
    return Channel("webhook", {"conn_type": "http", "host": address})


def _read(name: str, address: str, schemes: tuple[str, ...], form: str) -> SplitResult:
    """The address in its parts. Where it has another form, raises KvalitetError, which does not show the address."""
    with suppress(ValueError):  # brackets that do not match, or a port that is no number
        url = urlsplit(address)
        if url.scheme in schemes and url.hostname and url.port != 0:
            return url
    raise KvalitetError(f"{name} is not {form}.", SEE)


def _all_of(names: tuple[str, ...]) -> list[str]:
    found = {name: _setting(name) for name in names}
    if absent := [name for name, value in found.items() if not value]:
        raise KvalitetError(f"Mail lacks {', '.join(absent)}.", SEE)
    return [value for value in found.values() if value]


def _setting(name: str) -> str | None:
    """A setting from the environment or the file that `<name>_FILE` names, because addresses hold passwords."""
    if file := os.environ.get(f"{name}_FILE"):
        if not Path(file).is_file():
            raise KvalitetError(f"{name}_FILE names {file}, which is not there.", "Mount the secret there.")
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name)


@contextmanager
def _connection(connection_id: str, connection: dict[str, Any]) -> Iterator[None]:
    """Put the connection into this process' environment for Airflow to find, and remove it at the end of the block."""
    name = f"AIRFLOW_CONN_{connection_id.upper()}"
    os.environ[name] = json.dumps(connection)
    try:
        yield
    finally:
        del os.environ[name]
