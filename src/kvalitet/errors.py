"""Errors that a person can act on: what happened, where, and what to do."""

from kvalitet.spelling.identity import mask

#: Longest refusal: it is read in a mail and in a table's cell.
MOST_CHARACTERS = 2_000


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
    """A whole delivery was refused: nothing of it was taken in, and what was there stands.

    A longer text than MOST_CHARACTERS is cut between two items of its list, and says how many more there are.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(_cut(mask(what), MOST_CHARACTERS - len(mask(remedy)) - 1), remedy)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    most -= len(" … and 1234567 more.")
    for between in ("; ", ", ", " "):
        kept = text[:most].rpartition(between)[0]
        if len(kept) > most / 2:
            return f"{kept}{between}… and {text[len(kept) :].count(between)} more."
    return f"{text[:most]} … and {len(text) - most} more."


class DeliveryNotReady(KvalitetError):
    """A delivery is incomplete or still being written; the next attempt may find it whole."""


class NotInstalled(KvalitetError):
    """A program or Python package is missing on this machine or in this image: no other attempt mends it."""
