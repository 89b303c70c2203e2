"""The reports that compare figures, from schema `reporting`."""

BREAKS = """
select indicator_id, authority, first_period_start, reason_da
from reporting.dim_series_break
order by indicator_id, first_period_start, authority
"""

TRENDS = """
select
    series_key, indicator_id, source_id, authority, organisation_id, period_kind, period_label, period_start, value,
    centre_line, lower_limit, upper_limit, segment, points_in_limits, signal_rule, trend_status, status,
    break_reason_da, is_seasonally_adjusted, is_signal, is_fictional
from reporting.rpt_indicator_trend
order by series_key, period_start
"""

RISKS = """
select
    risk_area_id, name_da, assessed_date, criteria_score, indicator_score, score, level, level_name_da, reasons_da,
    is_example_policy
from reporting.rpt_risk_picture
order by risk_area_id
"""

PLAN = """
select
    risk_area_id, level, frequency_months, next_due_date, cases_per_round, planned_year, carried_out, planned
from reporting.rpt_supervision_plan
order by planned_year, risk_area_id
"""

TRIANGULATION = """
select
    risk_area_id, period_label, external_findings, external_cases, own_reviews, own_errors, complaints,
    complaints_upheld, external_pct, own_pct, agreement_da, is_disagreement
from reporting.rpt_triangulation
order by period_label, risk_area_id
"""

FOLLOW_UP = """
select
    source_id, follow_up_number, follow_up_kind, caused_by_kind, caused_by_number, risk_area_id, centre_id, owner,
    opened_date, due_date, closed_date, follow_up_status, age_days, is_overdue, days_overdue, is_external,
    is_fictional
from reporting.rpt_follow_up
order by follow_up_key
"""

APPENDIX = """
select period_label, receiver_da, complaints, complaint_points, investigations_ended, is_suppressed
from reporting.rpt_complaint_appendix
order by period_label desc, receiver_da
"""

RECONCILIATION = """
select
    subject_da, authority, period_kind, period_label, measure, member, left_said_by, left_url, left_value,
    right_said_by, right_url, right_value, difference, tolerance, verdict, explained_by, explanation_da
from reporting.rpt_reconciliation
order by reconciliation_key
"""
