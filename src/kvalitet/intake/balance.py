"""Compares what was read of a delivered table with what its scan found. The two must account for the same records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.account.scan import BLANK, EMPTY, Lookalike
from kvalitet.intake.delivered import Delivered

NAMED_LINES = 5


@dataclass(frozen=True)
class Broken:
    """Records whose columns cannot be told apart, by position, with the digest of each.

    `hidden` are whole records within them, by line. `hidden_elsewhere` are lines within other records that look like
    one.
    """

    records: dict[int, str]
    hidden: dict[int, str]
    hidden_elsewhere: list[Lookalike]

    def __len__(self) -> int:
        return len(self.records) + len(self.hidden)

    def listed(self, delivered: Delivered) -> list[tuple[int, str]]:
        """(number in the file as the sender sees it, digest) of each."""
        found = [(delivered.number(record), digest) for record, digest in self.records.items()]
        return found + list(self.hidden.items())


def find_broken(
    delivered: Delivered, unread: list[tuple[int, str]], lookalikes: Iterable[Lookalike], digest: Callable[[str], str]
) -> Broken:
    """The records that the reader could not read, and the torn ones.

    `unread` are pairs (byte, digest). The record begins at that byte, or after the blank lines that begin there.
    `lookalikes` are the lines within texts that look like records.
    """
    places = delivered.records.places
    records: dict[int, str] = dict(delivered.torn)
    if unread:
        written = numpy.flatnonzero(places["kind"] != EMPTY)
        starts = numpy.array([start for start, _ in unread], numpy.uint64)
        found = written[numpy.searchsorted(places["start"][written], starts)]
        for record, (_, of_record) in zip(found.tolist(), unread, strict=True):
            if places["kind"][record] != BLANK:
                records.setdefault(record, of_record)
    hidden: dict[int, str] = {}
    elsewhere: list[Lookalike] = []
    for line in lookalikes:
        if int(numpy.searchsorted(places["start"], line.start, "right")) - 1 in records:
            hidden[line.line] = digest("\x1f".join(line.values))
        else:
            elsewhere.append(line)
    return Broken(records, hidden, elsewhere)


def find_elsewhere(delivered: Delivered, broken: Broken, lines: list[Lookalike]) -> list[Lookalike]:
    """The lines that are in no broken record."""
    starts = delivered.records.places["start"]
    return [line for line in lines if int(numpy.searchsorted(starts, line.start, "right")) - 1 not in broken.records]


@dataclass(frozen=True)
class Account:
    """What became of every scanned record. `dropped` counts by rule, `seen` counts the scan's other findings."""

    scanned: int
    accepted: int
    set_aside: int
    dropped: dict[str, int]
    seen: dict[str, int]

    def rows(self) -> list[tuple[str, str, int]]:
        """(fate, kind, records) as audit.load_account keeps them."""
        counts = [("scanned", "record", self.scanned), ("accepted", "record", self.accepted)]
        counts.append(("set_aside", "record", self.set_aside))
        counts += [("dropped", rule, count) for rule, count in self.dropped.items() if count]
        return counts + [("seen", kind, count) for kind, count in self.seen.items() if count]


def balanced(delivered: Delivered, broken: Broken, rows: int, set_aside: int) -> Account:
    """The account of a table of which `rows` rows were read, `set_aside` of them set aside by a rule.

    Raises DeliveryRefused where the number of scanned records differs from those read and dropped.
    """
    scan = delivered.scan
    scanned = scan.records + scan.blank + len(broken.hidden)
    dropped = sum(delivered.dropped.values())
    if scanned != rows + len(broken) + dropped:
        raise DeliveryRefused(
            f"{delivered.name}: {scanned} records are in it by its bytes; {rows + len(broken)} were read and {dropped}"
            f" left out by rule. A quote out of place makes lines run together{delivered.from_line()}.",
            "Ask for the file with every text in quotes, and quotes within texts doubled.",
        )
    return Account(scanned, rows - set_aside, set_aside + len(broken), delivered.dropped, scan.notes)


def refuse_joined(delivered: Delivered, lines: list[int]) -> None:
    """Raises DeliveryRefused: the lines are records, and a quote joins each of them to the next line."""
    raise DeliveryRefused(
        f"{delivered.name}: line {_named(lines)} is a whole record of the table by itself, and a quote in it joins it"
        " to the next line.",
        "Ask for the file with every text in quotes, and quotes within texts doubled.",
    )


def _named(lines: list[int]) -> str:
    more = f" and {len(lines) - NAMED_LINES} more" if len(lines) > NAMED_LINES else ""
    return ", ".join(map(str, lines[:NAMED_LINES])) + more


def refuse_swallowed(delivered: Delivered, lines: list[int], is_whole: bool) -> None:
    """Raises DeliveryRefused: the lines are records that stand within the text of another record."""
    is_what = "is a whole record of the table by itself" if is_whole else "is a record but for one column more or fewer"
    raise DeliveryRefused(
        f"{delivered.name}: line {_named(lines)} stands within a quoted text, and {is_what}; a quote before it is left"
        " open.",
        "Ask for the file with every quote closed, and quotes within texts doubled.",
    )
