"""Builds, publications and checks; from schema `audit`."""

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
class Entry:
    """One line of the site's index: a publication, or a build that readers never saw."""

    build: Build
    publication: Publication | None
    checks_relevant: int  # all but those that had nothing to measure
    checks_passed: int
    checks_blocking: int
    checks_warning: int
    is_current: bool
    pages: frozenset[str] = frozenset()  # the files there are of it
