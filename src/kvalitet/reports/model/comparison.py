"""What is compared: figures over time, between bodies, and with what was planned, said elsewhere or said before."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Break:
    """When an indicator's figures stop being comparable with earlier ones. Without an authority, it applies to all."""

    indicator_id: str
    authority: str | None
    first_period_start: date
    reason_da: str


@dataclass(frozen=True)
class TrendPoint:
    """One period of a series with its control limits, which already follow the season."""

    series_key: str
    indicator_id: str
    source_id: str
    authority: str
    organisation_id: str
    period_kind: str
    period_label: str
    period_start: date
    value: Decimal | None
    centre_line: Decimal | None
    lower_limit: Decimal | None
    upper_limit: Decimal | None
    segment: int
    points_in_limits: int
    signal_rule: str | None  # codes of words.SIGNAL, separated by "; "
    trend_status: str
    status: str
    break_reason_da: str | None
    is_seasonally_adjusted: bool
    is_signal: bool
    is_fictional: bool


@dataclass(frozen=True)
class RiskLevel:
    """The level of one risk area, and the reasons."""

    risk_area_id: str
    name_da: str
    assessed_date: date | None
    criteria_score: Decimal | None
    indicator_score: Decimal | None
    score: Decimal | None
    level: int | None
    level_name_da: str | None
    reasons_da: str | None
    is_example_policy: bool | None


@dataclass(frozen=True)
class PlanLine:
    """The supervision of one risk area in one year: planned and carried out."""

    risk_area_id: str
    level: int | None
    frequency_months: int | None
    next_due_date: date | None
    cases_per_round: int | None
    planned_year: int
    carried_out: int | None
    planned: int | None


@dataclass(frozen=True)
class Triangulation:
    """What external bodies found in one risk area and period, beside own supervision and complaints."""

    risk_area_id: str
    period_label: str
    external_findings: int | None
    external_cases: int | None
    own_reviews: int | None
    own_errors: int | None
    complaints: int | None
    complaints_upheld: int | None
    external_pct: Decimal | None
    own_pct: Decimal | None
    agreement_da: str | None
    is_disagreement: bool | None


@dataclass(frozen=True)
class FollowUp:
    """One recommendation, remark, decision or measure, with its owner, deadline and age in days."""

    source_id: str
    follow_up_number: str
    follow_up_kind: str
    caused_by_kind: str | None
    caused_by_number: str | None
    risk_area_id: str | None
    centre_id: str | None
    owner: str | None
    opened_date: date | None
    due_date: date | None
    closed_date: date | None
    follow_up_status: str
    age_days: int | None
    is_overdue: bool | None
    days_overdue: int | None
    is_external: bool
    is_fictional: bool


@dataclass(frozen=True)
class AppendixRow:
    """Complaints of a quarter by who received them, as the committee's appendix shows them."""

    period_label: str
    receiver_da: str
    complaints: int | None
    complaint_points: int | None
    investigations_ended: int | None
    is_suppressed: bool


@dataclass(frozen=True)
class Reconciliation:
    """The same figure as two bodies or publications state it, with the verdict on the difference."""

    subject_da: str
    authority: str
    period_kind: str
    period_label: str
    measure: str
    member: str
    left_said_by: str
    left_url: str | None
    left_value: Decimal | None
    right_said_by: str
    right_url: str | None
    right_value: Decimal | None
    difference: Decimal | None
    tolerance: Decimal | None
    verdict: str
    explained_by: str | None
    explanation_da: str | None


@dataclass(frozen=True)
class Restatement:
    """The record that the difference between two publications was split, with the number of differing rows by kind."""

    from_publication: int
    to_publication: int
    as_of_from: date
    as_of_to: date
    rows_reclassified: int
    rows_corrected: int
    rows_withdrawn: int
    rows_completed: int
    rows_new: int
    figures: int  # changed values, those of breakdowns included


@dataclass(frozen=True)
class RestatedFigure:
    """One changed figure of a whole. The change is split in the order of the fields, which add up to the difference."""

    indicator_id: str
    source_id: str
    authority: str
    period_kind: str
    period_label: str
    period_start: date
    status: str  # split, hidden, new or gone
    cause: str | None
    value_from: Decimal | None
    definition_change: Decimal | None
    reclassification_change: Decimal | None
    correction_change: Decimal | None
    late_data_change: Decimal | None
    value_to: Decimal | None
