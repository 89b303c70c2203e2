"""The error for a message that was not sent, and how long to wait for a channel."""

from kvalitet.errors import KvalitetError

SECONDS = 30
SEE = "See docs/runbook.md, Alerts; `kvalitet alert test` tries it."


class AlertFailed(KvalitetError):
    """A message was not sent. It stays due and is sent at the next occasion."""
