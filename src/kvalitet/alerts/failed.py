"""A message that was not sent, and how long a channel is waited for."""

from kvalitet.errors import KvalitetError

SECONDS = 30
SEE = "See docs/runbook.md, Alerts; `kvalitet alert test` tries it."


class AlertFailed(KvalitetError):
    """A message was not sent; it stays due and is sent at the next occasion."""
