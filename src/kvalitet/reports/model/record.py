"""Checks and sources over time, from schema `audit` and from the contracts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kvalitet.contracts import Contract
from kvalitet.reports.model.audit import Check


@dataclass(frozen=True)
class Measured:
    """One check as it was measured for one build."""

    check_id: str
    build_id: int
    publication_id: int | None
    as_of_date: date
    measured_at: datetime
    status: str
    violations: int | None
    denominator: int | None
    threshold: str | None
    is_waived: bool

    @property
    def percent(self) -> Decimal | None:
        if self.violations is None or not self.denominator:
            return None
        return Decimal(100) * self.violations / self.denominator


@dataclass(frozen=True)
class CheckYear:
    """All measurements of one check in one year, by their results."""

    check_id: str
    year: int
    measured: int
    passed: int
    failed: int
    error: int
    not_applicable: int
    most_violations: int | None
    held: int = 0


@dataclass(frozen=True)
class CheckRecord:
    """One check: its newest words and rule, and its measurements. The newest measurement is the last."""

    check: Check
    rule: str | None
    is_asked: bool  # in the newest judgement of all
    history: tuple[Measured, ...] = ()
    years: tuple[CheckYear, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """One load of a source, taken in or refused as a whole."""

    source_id: str
    load_id: int
    delivery: str
    cutoff_date: date
    outcome: str
    reason: str | None
    contract_version: str
    finished_at: datetime
    file_bytes: int
    rows_delivered: int
    rows_rejected: int
    rows_opened: int
    rows_changed: int
    rows_closed: int
    rows_reread: int = 0  # opened because they are read otherwise than before
    closures_waiting: int = 0
    rows_without_key: int = 0
    origin: str = "delivered"
    of_load: int | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None


@dataclass(frozen=True)
class RejectAge:
    """Values of one source that were kept out by one rule. `open_since` is the arrival of the oldest still open."""

    source_id: str
    table_name: str
    column_name: str | None
    rule: str
    open: int
    accepted: int
    resolved: int
    open_since: datetime | None


@dataclass(frozen=True)
class ReadOtherwise:
    """Cells of a source's newest accepted delivery that were read as something else than their text, by one rule."""

    source_id: str
    delivery: str
    table_name: str
    column_name: str  # * where it is no column's
    rule: str
    cells: int


@dataclass(frozen=True)
class Accounted:
    """How many records of a table of a source's newest accepted delivery ended in one way, see audit.load_account."""

    source_id: str
    delivery: str
    table_name: str
    fate: str
    kind: str
    records: int


@dataclass(frozen=True)
class AcceptedRejects:
    """Rows of one source that somebody decided to leave out, by one reason on one day."""

    source_id: str
    table_name: str
    rows: int
    reason: str
    accepted_by: str
    accepted_on: date


@dataclass(frozen=True)
class Standing:
    """The state of a source when the newest build began."""

    source_id: str
    build_id: int
    as_of_date: date
    cutoff_date: date
    is_stale: bool
    stale_reason: str | None


@dataclass(frozen=True)
class SourceRecord:
    """One source: its contract, where there is a readable one, and its deliveries."""

    source_id: str
    contract: Contract | None
    standing: Standing | None
    loads: int = 0
    arrivals: tuple[Arrival, ...] = ()
    attempts: tuple["AttemptCount", ...] = ()
    rejects: tuple[RejectAge, ...] = ()
    accepted: tuple[AcceptedRejects, ...] = ()
    checks: tuple[Check, ...] = ()
    read_otherwise: tuple[ReadOtherwise, ...] = ()
    account: tuple[Accounted, ...] = ()

    @property
    def name(self) -> str:
        return self.contract.title if self.contract else self.source_id

    @property
    def open_rejects(self) -> int:
        return sum(reject.open for reject in self.rejects)


@dataclass(frozen=True)
class AttemptCount:
    """The attempts to fetch one source in one month that ended the same way."""

    source_id: str
    month: date
    outcome: str
    attempts: int
    last_at: datetime
    last_message: str
