"""The models' unit tests, whose figures are worked out by hand beside each model, run on a real server."""

from collections.abc import Callable

import pytest

VARIABLES = {"as_of_date": "2025-01-02"}
#: Rules that must always have a test, by their names.
RULES = {
    "shares_the_sample_by_largest_remainder",
    "takes_at_least_one_of_each_centre_from_where_there_are_most",
    "draws_by_seed_what_was_decided_and_not_yet_reviewed",
    "holds_each_side_against_its_own_limit",
    "reviewed_cases_with_a_material_error",
    "rules_of_legal_security_broken_by_question",
    "more_reviews_than_planned_count_as_the_plan",
    "report_year_turns_on_1_april",
    "are_copenhagen_days",
    "limits_are_the_mean_and_the_mean_moving_range_of_a_segment",
    "each_rule_for_a_signal",
    "a_break_begins_a_new_segment",
    "half_of_the_variation_in_four_years_makes_a_season",
    "counts_working_days_around_store_bededag_2023",
    "in_calendar_days_and_working_days",
    "same_citizen_and_theme_within_the_window",
    "matches_referred_complaints_by_the_referrers_number",
    "counts_a_referral_once_though_two_complaints_name_it",
    "counts_each_case_once",
    "omgoerelsesprocent_official_check",
    "parents_alone_make_the_total",
    "children_unlike_parent_and_outcomes_unlike_total",
    "fifth_quarter_stands_in_for_suppressed_and_is_never_added",
    "counts_first_then_newest_suppressed_last",
    "allows_half_a_unit_per_figure",
    "suppressed_stays_null_with_a_reason",
    "a_remark_on_two_administrations_counts_once_in_the_total",
    "carries_the_durable_centre_and_its_version_on_receipt",
    "one_small_cell_takes_the_next_smallest_with_it",
    "calendar_year_and_report_year_hold_different_complaints",
    "a_merger_and_a_split_in_both_views",
    "old_years_keep_their_definition_and_new_ones_have_theirs",
    "a_period_has_the_definition_of_the_year_in_which_it_begins",
    "a_year_without_a_single_case_is_zero",
    "open_cases_count_as_long_as_they_have_been_open",
    "medians_with_all_rejects_at_either_end",
    "a_small_quarter_hides_the_centres_quarters_of_the_year",
    "todays_centre_is_hidden_with_its_predecessors",
    "three_calendar_months_from_application_or_completion",
    "both_definitions_are_handed_over_each_dated_by_its_own_deadline",
    "amounts_are_added_before_dividing",
    "the_year_so_far_grows_with_each_month",
}


@pytest.mark.slow
def test_unit_tests_pass(dbt: Callable[..., list], manifest: dict) -> None:
    """The layers are built without a load first, because dbt takes the types of test inputs from their tables."""
    built = dbt("build", "--exclude-resource-type", "unit_test", variables=VARIABLES)
    assert {str(result.status) for result in built} == {"success"}
    tested = dbt("test", "--select", "test_type:unit", variables=VARIABLES)
    failed = {result.node.name: result.message for result in tested if str(result.status) != "pass"}
    assert failed == {}
    assert len(tested) == len(manifest["unit_tests"])


def test_every_rule_has_its_unit_test(manifest: dict) -> None:
    assert {test["name"] for test in manifest["unit_tests"].values()} >= RULES
