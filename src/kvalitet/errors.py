"""Errors that a person can act on: what happened, where, and what to do."""

import errno
from collections.abc import Iterator

from kvalitet.spelling.identity import mask

#: Longest message, because it is read in a mail and in a table's cell.
MOST_CHARACTERS = 2_000


class KvalitetError(Exception):
    """An expected failure.

    `what` says what happened and where, `remedy` what to do about it. Neither may hold a value from a delivery, because
    both are shown in logs, in Airflow and on the validation page. A personal number that gets into them all the same,
    as part of a file's name or address, is masked. A text longer than MOST_CHARACTERS is cut between two items of its
    list, and says how many more there are.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.remedy = _cut(mask(remedy), MOST_CHARACTERS // 2)
        self.what = _cut(mask(what), MOST_CHARACTERS - len(self.remedy) - 1)
        super().__init__(f"{self.what} {self.remedy}".strip())


class DeliveryRefused(KvalitetError):
    """A whole delivery was refused. Nothing of it was taken in, and the earlier data stay as they were."""


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
    """A delivery is incomplete or still being written. The next attempt may find it complete."""


class DeliveryWithdrawn(DeliveryNotReady):
    """A delivery belongs to a load that was withdrawn, `load_id`."""

    def __init__(self, load_id: int, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.load_id = load_id


class DiskFull(KvalitetError):
    """A disk took no more. The same step can succeed once there is space."""


class MayMend(KvalitetError):
    """Somebody or something was in the way. The same step may succeed when it is tried again."""


class OwnFault(KvalitetError):
    """The program is wrong and the delivery is not. Neither another attempt nor the sender can correct it."""


class NotInstalled(KvalitetError):
    """A program or Python package is missing on this machine or in this image. Another attempt does not help."""


#: The system's codes for a disk that takes no more: it is full, the quota is used up, a file may not become so large.
_TAKES_NO_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: The same in the words of DuckDB, which has no number for it.
_SAID = ("No space left on device", "Disk quota exceeded", "File too large")
_OF_POSTGRES = "53100"  # disk_full


def as_disk_full(error: BaseException) -> DiskFull | None:
    """The error as DiskFull, where its cause is a disk that takes no more. None otherwise."""
    for cause in _chain(error):
        if getattr(cause, "sqlstate", None) == _OF_POSTGRES:
            where = "The disk of the database server is full"
        elif getattr(cause, "errno", None) in _TAKES_NO_MORE or any(words in str(cause) for words in _SAID):
            name = getattr(cause, "filename", None)
            where = f"The disk takes no more{f' at {name}' if name else ''}"
        else:
            continue
        return DiskFull(
            f"{where}; nothing was half done.",
            "Make space there (`df -h`; of the run folder, `du -sh var/*`; a quota or limit of this user counts as"
            " well), then do the same again.",
        )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
