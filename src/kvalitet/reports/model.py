"""What the pages show, as read from the warehouse. Rendering needs nothing else."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Build:
    build_id: int
    kind: str
    as_of_date: date
    code_version: str
    status: str
    message: str | None
    claimed_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Publication:
    publication_id: int
    build_id: int
    published_at: datetime
    published_by: str


@dataclass(frozen=True)
class Check:
    """One check of a build: the measurement and the verdict drawn from it."""

    check_id: str
    suite: str
    table_name: str
    severity: str
    status: str
    violations: int | None
    denominator: int | None
    threshold: str | None
    description: str
    why: str
    owner: str
    advice_engineer: str
    advice_reader: str
    detail: str | None

    @property
    def is_blocking(self) -> bool:
        return self.severity == "critical" and self.status in ("failed", "error")


@dataclass(frozen=True)
class LoadTable:
    load_id: int
    table_name: str
    file_name: str
    file_bytes: int
    file_sha256: str
    rows_delivered: int
    rows_rejected: int
    rows_opened: int
    rows_changed: int
    rows_closed: int
    rows_unchanged: int
    rows_held: int


@dataclass(frozen=True)
class Load:
    """The newest load of one source that the build may see."""

    source_id: str
    load_id: int
    delivery: str
    cutoff_date: date
    content_sha256: str
    contract_version: str
    started_at: datetime
    finished_at: datetime
    closures_allowed_by: str | None
    closures_allowed_reason: str | None
    is_stale: bool
    stale_reason: str | None


@dataclass(frozen=True)
class Attempt:
    """One attempt to fetch a source since the published build before this one."""

    source_id: str
    outcome: str
    message: str
    finished_at: datetime


@dataclass(frozen=True)
class RejectCount:
    """Rows kept out, as the build saw it: how many of them its loads brought, how many stand open."""

    source_id: str
    table_name: str
    column_name: str | None
    rule: str
    new: int
    open: int

    @property
    def place(self) -> str:
        return f"{self.source_id}.{self.table_name}"


@dataclass(frozen=True)
class ModelRun:
    layer: str
    model: str
    status: str
    row_count: int | None
    seconds: Decimal
    message: str | None


@dataclass(frozen=True)
class TableDigest:
    schema_kind: str
    table_name: str
    row_count: int
    sha256: str


@dataclass(frozen=True)
class Validation:
    """Everything a validation page shows of one build; from schema `audit` alone."""

    build: Build
    publication: Publication | None
    checks: tuple[Check, ...] = ()
    loads: tuple[Load, ...] = ()
    tables: tuple[LoadTable, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    rejects: tuple[RejectCount, ...] = ()
    models: tuple[ModelRun, ...] = ()
    digests: tuple[TableDigest, ...] = ()
    source_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Indicator:
    indicator_id: str
    version: int
    name_da: str
    definition_da: str | None
    numerator_da: str | None
    denominator_da: str | None
    unit: str
    direction: str
    dated_by: str | None
    open_cases_da: str | None
    population_da: str | None
    legal_basis: str | None
    owner: str | None
    valid_from_year: int | None
    valid_to_year: int | None
    decimals: int


@dataclass(frozen=True)
class Source:
    source_id: str
    source_number: int | None
    name_da: str
    is_external: bool


@dataclass(frozen=True)
class Freshness:
    contract_id: str
    source_id: str | None
    delivery_name_da: str
    load_id: int | None
    cutoff_date: date | None
    is_stale: bool
    stale_reason: str | None


@dataclass(frozen=True)
class Value:
    """One row of fct_indicator_value; `value` in the indicator's unit, percent as 0–100."""

    indicator_id: str
    indicator_version: int
    source_id: str
    organisation_id: str
    authority: str
    period_kind: str
    period_label: str
    period_start: date
    period_end: date
    breakdown_kind: str
    breakdown_member: str
    population_da: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    n: int | None
    is_suppressed: bool
    is_fictional: bool
    status: str


@dataclass(frozen=True)
class Statement:
    """What one publication said, where another says otherwise or its own figures do not add up."""

    authority: str
    is_fictional: bool
    category: str  # the law or the source, as the publication names it
    category_id: str  # the same for all names of one law
    period_kind: str
    period_label: str
    measure: str
    unit: str
    publisher: str | None
    title: str | None
    published_date: date | None
    source_url: str | None
    value: Decimal | None
    is_chosen: bool
    is_disputed: bool
    flags: str | None  # codes of words.FLAG, separated by "; "
    is_inconsistent: bool


@dataclass(frozen=True)
class Overlap:
    """Cases that stand both in the administration's own count and in the ombudsman's; None where hidden."""

    authority: str
    period_kind: str
    period_label: str
    period_start: date
    period_end: date
    own_complaints: int | None
    own_referred: int | None
    own_referred_matched: int | None
    own_referred_unmatched: int | None
    referrals: int | None
    referrals_matched: int | None
    referrals_unmatched: int | None
    counted_once: int | None
    is_fictional: bool


@dataclass(frozen=True)
class Indicators:
    """Everything an indicator page shows of one publication; from schemas `audit` and `reporting`."""

    publication: Publication
    build: Build
    indicators: tuple[Indicator, ...] = ()
    sources: tuple[Source, ...] = ()
    members: dict[tuple[str, str], str] = field(default_factory=dict)  # (breakdown, member) -> name
    freshness: tuple[Freshness, ...] = ()
    values: tuple[Value, ...] = ()
    statements: tuple[Statement, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def warnings(self) -> list[Check]:
        return [check for check in self.checks if check.status in ("failed", "error")]

    @property
    def is_fictional(self) -> bool:
        return any(value.is_fictional for value in self.values) or any(s.is_fictional for s in self.statements)


@dataclass(frozen=True)
class Entry:
    """One line of the site's index: a publication, or a build that readers never saw."""

    build: Build
    publication: Publication | None
    checks_relevant: int  # all but those that had nothing to measure
    checks_passed: int
    checks_blocking: int
    checks_warning: int
    is_current: bool
    has_indicators: bool = False
    has_validation: bool = False
