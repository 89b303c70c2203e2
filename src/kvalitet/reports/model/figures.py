"""Indicators and their figures, from schema `reporting`."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
    rests_on: str = ""  # contracts, separated by "; "
    is_additive_over_organisations: bool = False


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
class Movement:
    """How far rows set aside could move an indicator's newest whole year. Without bounds, this is unknown."""

    indicator_id: str
    indicator_version: int
    period_label: str
    rows_missing: int
    rows_held: int
    lowest_value: Decimal | None
    highest_value: Decimal | None


@dataclass(frozen=True)
class Value:
    """One row of fct_indicator_value. `value` is in the indicator's unit, percent as 0–100."""

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
    """Cases that are counted both by the administration and by the ombudsman. None where hidden."""

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
