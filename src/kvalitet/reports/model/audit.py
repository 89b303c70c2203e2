"""Builds, publications and checks, from schema `audit`."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from kvalitet.settings.administration import BRAND


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

    @property
    def folder(self) -> str:
        """The folder of the pages of a build that was never published."""
        return f"build-{self.build_id}"


@dataclass(frozen=True)
class Publication:
    publication_id: int
    build_id: int
    published_at: datetime
    published_by: str

    @property
    def folder(self) -> str:
        return f"publikation-{self.publication_id}"


@dataclass(frozen=True)
class Check:
    """One check of a build: its measurement and its verdict."""

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
    is_waived: bool = False

    @property
    def is_blocking(self) -> bool:
        return self.severity == "critical" and self.status in ("failed", "error") and not self.is_waived

    @property
    def is_warning(self) -> bool:
        """Whether it did not hold and stops nothing."""
        return self.severity == "warning" and self.status in ("failed", "error") and not self.is_waived


@dataclass(frozen=True)
class Waiver:
    """A waiver that was valid when the build was judged. `is_used` where it let its check's failure pass.

    `covers` is how many violations it lets pass; waivers of earlier versions state none.
    """

    check_id: str
    reason: str
    decided_by: str
    decided_on: date
    expires_on: date
    is_used: bool
    covers: int | None = None


@dataclass(frozen=True)
class Certificate:
    """One entry of the ledger about a publication. `key_id` names the key that signed it."""

    entry: int
    event: str
    reason: str | None
    happened_at: datetime
    sha256: str
    previous_sha256: str | None
    key_id: str


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
    changes_allowed_by: str | None = None
    changes_allowed_reason: str | None = None
    jump_allowed_by: str | None = None
    jump_allowed_reason: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt to fetch a source since the previous published build."""

    source_id: str
    outcome: str
    message: str
    finished_at: datetime


@dataclass(frozen=True)
class RejectCount:
    """Rows kept out, as the build saw it: how many its loads brought, and how many are still open."""

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
class DeliveryChange:
    """A source whose delivery differs from that of the publication before. None where there was none."""

    source_id: str
    cutoff_before: date | None
    cutoff_after: date | None


@dataclass(frozen=True)
class CheckChange:
    """A check that is judged otherwise than in the publication before. None where it was not asked then, or is not now.

    `by_rule` where the rule itself or its threshold changed.
    """

    check_id: str
    status_before: str | None
    status_after: str | None
    by_rule: bool


@dataclass(frozen=True)
class FigureChanges:
    changed: int
    added: int
    gone: int
    kept: int


@dataclass(frozen=True)
class Changes:
    """What differs from the publication before."""

    since: Publication
    code_before: str
    materials: tuple[str, ...] = ()  # names of the kinds of rules that differ
    deliveries: tuple[DeliveryChange, ...] = ()
    checks: tuple[CheckChange, ...] = ()
    figures: FigureChanges | None = None  # a candidate has none before it is published


@dataclass(frozen=True)
class Validation:
    """Everything that a validation page shows of one build. All but the sources' names is from schema `audit`.

    `sources_of` holds the sources that a checked table takes from most directly.
    """

    build: Build
    publication: Publication | None
    checks: tuple[Check, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    changes: Changes | None = None
    loads: tuple[Load, ...] = ()
    tables: tuple[LoadTable, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    rejects: tuple[RejectCount, ...] = ()
    models: tuple[ModelRun, ...] = ()
    digests: tuple[TableDigest, ...] = ()
    source_names: dict[str, str] = field(default_factory=dict)
    sources_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    brand: str = BRAND

    @property
    def folder(self) -> str:
        return (self.publication or self.build).folder


@dataclass(frozen=True)
class Entry:
    """One line of the site's index: a publication, or a build that readers never saw."""

    build: Build
    publication: Publication | None
    checks_relevant: int  # those that were measured, or should have been
    checks_passed: int
    checks_blocking: int
    checks_warning: int
    is_current: bool
    pages: frozenset[str] = frozenset()  # the files that exist of it
    checks_held: int = 0  # enforced by the database

    @property
    def folder(self) -> str:
        return (self.publication or self.build).folder
