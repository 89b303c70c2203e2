"""Everything the pages show of one publication."""

from dataclasses import dataclass, field

from kvalitet.reports.model.audit import Build, Check, Publication
from kvalitet.reports.model.comparison import (
    AppendixRow,
    Break,
    FollowUp,
    PlanLine,
    Reconciliation,
    RestatedFigure,
    Restatement,
    RiskLevel,
    TrendPoint,
    Triangulation,
)
from kvalitet.reports.model.figures import Freshness, Indicator, Movement, Overlap, Source, Statement, Value
from kvalitet.settings.administration import BRAND


@dataclass(frozen=True)
class Indicators:
    """Read from schemas `audit` and `reporting` in one snapshot."""

    publication: Publication
    build: Build
    own_authority: str | None = None  # whose figures the BI tables hold
    indicators: tuple[Indicator, ...] = ()
    sources: tuple[Source, ...] = ()
    members: dict[tuple[str, str], str] = field(default_factory=dict)  # (breakdown, member) -> name
    freshness: tuple[Freshness, ...] = ()
    movements: tuple[Movement, ...] = ()
    values: tuple[Value, ...] = ()
    statements: tuple[Statement, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    checks: tuple[Check, ...] = ()
    breaks: tuple[Break, ...] = ()
    trends: tuple[TrendPoint, ...] = ()
    risks: tuple[RiskLevel, ...] = ()
    plan: tuple[PlanLine, ...] = ()
    triangulation: tuple[Triangulation, ...] = ()
    follow_up: tuple[FollowUp, ...] = ()
    appendix: tuple[AppendixRow, ...] = ()
    reconciliation: tuple[Reconciliation, ...] = ()
    restatement: Restatement | None = None
    restated: tuple[RestatedFigure, ...] = ()
    brand: str = BRAND

    @property
    def warnings(self) -> list[Check]:
        return [check for check in self.checks if check.status in ("failed", "error")]

    @property
    def is_fictional(self) -> bool:
        return any(value.is_fictional for value in self.values) or any(s.is_fictional for s in self.statements)

    def definitions(self) -> dict[str, Indicator]:
        """The newest definition of each indicator."""
        return {i.indicator_id: i for i in sorted(self.indicators, key=lambda i: i.version)}

    def source(self, source_id: str) -> Source:
        """The source of this id, also one that the publication does not name."""
        found = next((source for source in self.sources if source.source_id == source_id), None)
        return found or Source(source_id, None, source_id, True)

    def named(self, kind: str, member: str | None) -> str:
        """The name of a breakdown's member, or the member itself where it has no name."""
        return self.members.get((kind, member), member) if member else ""
