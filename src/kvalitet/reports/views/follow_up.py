"""What has been promised and what became of it, overdue promises first."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from kvalitet.reports import danish, words
from kvalitet.reports.model import FollowUp, Indicators, Source

OPEN = ("aaben", "delvist_lukket")


@dataclass(frozen=True)
class Item:
    """One promise in words. The case behind it is not named, because many people read the page."""

    follow_up: FollowUp
    source: Source
    kind: str
    cause: str
    area: str
    unit: str
    status: str


@dataclass(frozen=True)
class SourceCounts:
    source: Source
    by_status: tuple[int, ...]  # in the order of words.FOLLOW_UP_STATUS
    overdue: int

    @property
    def total(self) -> int:
        return sum(self.by_status)


def overdue(data: Indicators) -> list[Item]:
    """The open promises past their deadline, the longest overdue first."""
    late = [_item(data, f) for f in data.follow_up if f.is_overdue and f.follow_up_status in OPEN]
    return sorted(late, key=lambda i: (-(i.follow_up.days_overdue or 0), i.follow_up.follow_up_number))


def others_open(data: Indicators) -> list[tuple[Source, list[Item]]]:
    """The open promises within their deadline by source, the next deadline first."""
    found: dict[Source, list[Item]] = {}
    for item in (_item(data, f) for f in data.follow_up if not f.is_overdue and f.follow_up_status in OPEN):
        found.setdefault(item.source, []).append(item)
    return [(source, sorted(found[source], key=_deadline)) for source in sorted(found, key=_place)]


def counts(data: Indicators) -> list[SourceCounts]:
    """How many promises of each status there are, source by source."""
    counted = Counter((f.source_id, f.follow_up_status) for f in data.follow_up)
    late = Counter(f.source_id for f in data.follow_up if f.is_overdue and f.follow_up_status in OPEN)
    sources = sorted({data.source(source_id) for source_id, _ in counted}, key=_place)
    return [
        SourceCounts(s, tuple(counted[s.source_id, status] for status in words.FOLLOW_UP_STATUS), late[s.source_id])
        for s in sources
    ]


def _deadline(item: Item) -> tuple:
    return item.follow_up.due_date or date.max, item.follow_up.follow_up_number


def _place(source: Source) -> tuple:
    return source.source_number or 99, danish.order(source.name_da)


def _item(data: Indicators, f: FollowUp) -> Item:
    cause = words.CAUSED_BY.get(f.caused_by_kind or "", f.caused_by_kind or "")
    if f.caused_by_number and f.caused_by_kind != "sag":
        cause = f"{cause} {f.caused_by_number}".strip()
    return Item(
        follow_up=f,
        source=data.source(f.source_id),
        kind=words.FOLLOW_UP_KIND.get(f.follow_up_kind, f.follow_up_kind),
        cause=cause,
        area=data.named("risikoomraade", f.risk_area_id),
        unit=data.named("enhed", f.centre_id),
        status=words.FOLLOW_UP_STATUS.get(f.follow_up_status, f.follow_up_status),
    )
