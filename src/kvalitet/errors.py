"""Errors that a person can act on: what happened, where, and what to do."""

from kvalitet.spelling.identity import mask


class KvalitetError(Exception):
    """An expected failure.

    `what` says what happened and where, `remedy` what to do about it. Neither may hold a value
    from a delivery: both end in logs, in Airflow and on the validation page. A personal number that gets into them
    all the same, as part of a file's name or address, is masked.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = mask(what)
        self.remedy = mask(remedy)
        super().__init__(f"{self.what} {self.remedy}".strip())


class DeliveryRefused(KvalitetError):
    """A whole delivery was refused: nothing of it was taken in, and what was there stands."""


class DeliveryNotReady(KvalitetError):
    """A delivery is incomplete or still being written; the next attempt may find it whole."""


class NotInstalled(KvalitetError):
    """A program or Python package is missing on this machine or in this image: no other attempt mends it."""
