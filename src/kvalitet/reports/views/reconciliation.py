"""Whether figures agree: with other publications, within their own, between bodies, and in cases counted twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kvalitet.reports import danish, words
from kvalitet.reports.model import Indicators, Overlap, Reconciliation, Statement

YEARS = ("kalenderaar", "beretningsaar")
#: Rows of the table of cases counted twice: field of Overlap, indentation, label.
OVERLAP_ROWS = (
    ("own_complaints", 0, "Klager i alt hos forvaltningen"),
    ("own_referred", 1, "heraf henvist af Borgerrådgiveren"),
    ("own_referred_matched", 2, "genfundet hos Borgerrådgiveren"),
    ("own_referred_unmatched", 2, "ikke genfundet"),
    ("referrals", 0, "Borgerrådgiverens henvisninger"),
    ("referrals_matched", 1, "heraf genfundet hos forvaltningen"),
    ("referrals_unmatched", 1, "heraf ikke genfundet"),
    ("counted_once", 0, "Hver sag talt én gang"),
)


@dataclass(frozen=True)
class Disagreement:
    """One figure that publications state differently. The chosen statement comes first."""

    authority: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Inconsistency:
    """A figure that does not agree with the rest of its own publication."""

    authority: str
    statement: Statement
    reasons: tuple[str, ...]


def verdicts(data: Indicators) -> list[tuple[str, int]]:
    """How many reconciliations have each verdict, in the order of words.VERDICT."""
    counted = Counter(r.verdict for r in data.reconciliation)
    return [(verdict, counted[verdict]) for verdict in (*words.VERDICT, *sorted(counted.keys() - words.VERDICT.keys()))]


def reconciled(data: Indicators) -> list[tuple[str, list[Reconciliation]]]:
    """The reconciliations by verdict, those that differ first. Within each they are by subject, newest period first."""
    found = []
    for verdict, count in verdicts(data):
        newest_first = sorted(
            (r for r in data.reconciliation if r.verdict == verdict), key=lambda r: r.period_label, reverse=True
        )
        if count:
            by_subject = sorted(newest_first, key=lambda r: (danish.order(r.subject_da), danish.order(r.authority)))
            found.append((verdict, by_subject))
    return found


def disagreements(data: Indicators) -> list[Disagreement]:
    """The figures that publications state differently, newest period first within each authority and category."""
    grouped: dict[tuple, list[Statement]] = defaultdict(list)
    for s in _in_order(s for s in data.statements if s.is_disputed):
        grouped[s.authority, s.category_id, s.period_kind, s.period_label, s.measure, s.unit].append(s)
    return [
        Disagreement(
            _authority(said[0]), tuple(sorted(said, key=lambda s: (not s.is_chosen, danish.order(s.title or ""))))
        )
        for said in grouped.values()
    ]


def inconsistencies(data: Indicators) -> list[Inconsistency]:
    """The figures that do not agree with the rest of their own publication, and in what way."""
    return [
        Inconsistency(
            _authority(s), s, tuple(words.FLAG.get(flag, flag) for flag in (s.flags or "afrunding").split("; "))
        )
        for s in _in_order(s for s in data.statements if s.is_inconsistent)
    ]


@dataclass(frozen=True)
class Elsewhere:
    """How many figures of one authority are stated differently, or do not agree with their own publication."""

    authority: str
    disagreements: int
    inconsistencies: int
    newest_period: str


def by_authority(data: Indicators) -> list[Elsewhere]:
    """The disagreements and inconsistencies as one line for each authority."""
    different = Counter(d.authority for d in disagreements(data))
    wrong = Counter(i.authority for i in inconsistencies(data))
    newest: dict[str, str] = {}
    for s in data.statements:
        newest[_authority(s)] = max(s.period_label, newest.get(_authority(s), ""))
    return [
        Elsewhere(name, different[name], wrong[name], newest[name]) for name in sorted(newest, key=danish.natural_order)
    ]


def overlaps(data: Indicators) -> list[tuple[str, str, list[Overlap]]]:
    """The cases counted twice, per authority and kind of year, with the years in order."""
    grouped: dict[tuple[str, str], list[Overlap]] = defaultdict(list)
    for o in sorted(data.overlaps, key=lambda o: (YEARS.index(o.period_kind), o.period_start)):
        if o.own_referred != 0 or o.referrals != 0:
            grouped[words.fictional(o.authority, o.is_fictional), o.period_kind].append(o)
    return [(*key, years) for key, years in grouped.items()]


def _in_order(statements: Iterable[Statement]) -> list[Statement]:
    by_period = sorted(statements, key=lambda s: s.period_label, reverse=True)
    return sorted(
        by_period, key=lambda s: (danish.order(_authority(s)), danish.order(s.category), danish.order(s.measure))
    )


def _authority(statement: Statement) -> str:
    return words.fictional(statement.authority, statement.is_fictional)
