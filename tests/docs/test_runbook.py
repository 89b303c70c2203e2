"""Each row of the runbook on kills, parallel runs, clocks and settings has a test that does what it says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
BACK = "end_to_end/test_way_back.py"
CORRECTED = "test_one_night_mends_four_faults"
MENDED_MODEL = "test_broken_model_and_wrong_delivery_mended"
RUN, MENDING = "end_to_end/test_interrupted_run.py", "services/test_mending.py"
OLD_ONES = "test_dead_scheduler_starts_with_old_settings"
#: Section -> beginning of a row -> the test that does what it says.
FOLLOWED_BY = {
    "A run was interrupted": {
        "`make run` or `kvalitet run` was interrupted": (f"{RUN}::test_each_call_says_how_far_the_night_was"),
        "`make run` says *This night has not ended*": (f"{RUN}::test_failed_night_goes_on_until_marked_done"),
        "`kvalitet run` is called while another": (f"{RUN}::test_two_calls_at_once_join_the_night"),
        "*night.json … cannot be read*": ("conductor/test_begun.py::test_unreadable_note_says_what_to_do"),
        "the machine was stopped during a night": (f"{RUN}::test_begun_night_is_published_whole"),
    },
    "A process died, or nothing moves": {
        "*its process has died*": ("end_to_end/test_killed_airflow.py::test_night_after_any_kill_publishes"),
        "*processes whose start or parent has died": (f"{MENDING}::test_run_survives_a_killed_scheduler"),
        "*session … of a start that has ended": f"{MENDING}::test_up_ends_lock_of_an_ended_start",
        "*has held locks for": ("services/test_sessions.py::test_idle_transaction_with_locks_is_ended"),
        "*its process lives, but its last heartbeat": (f"{MENDING}::test_silent_component_starts_anew"),
        "*a worker was killed while it held the lock": (f"{MENDING}::test_locked_out_scheduler_starts_anew"),
        "*the process that its triggers run in was killed*": (f"{MENDING}::test_triggerer_without_runner_starts_anew"),
        "*has been queued (scheduled)": f"{MENDING}::test_up_ends_lock_of_an_ended_start",
        "*cannot be reached … Whether": f"{MENDING}::test_unreachable_database_is_said",
    },
    "Settings have changed, but a night runs": {
        "the new settings, when the night is over": (f"{MENDING}::test_changed_settings_wait_for_what_runs"),
        "only what is down started": f"{MENDING}::{OLD_ONES}",
        "the new settings at once": (f"{MENDING}::test_up_now_breaks_off_the_night"),
        "*The scheduler is down, so the night does not end": f"{MENDING}::{OLD_ONES}",
    },
    "A delivery was wrong": {
        "The **contract** was wrong": f"{BACK}::{CORRECTED}",
        "The **delivery** was wrong": f"{BACK}::test_withdrawal_brings_old_figures_back",
        "Later deliveries stand on it": "intake/test_withdrawal.py::test_newest_is_withdrawn_first",
        "It was withdrawn by mistake": "intake/test_withdrawal.py::test_wrong_withdrawal_can_be_replayed",
        "A corrected file came": f"{BACK}::{CORRECTED}",
        "The source has numbered": f"{BACK}::{CORRECTED}",
    },
    "The clock is wrong": {
        "a claim's heartbeats and its lapse": ("clock/test_lapses.py::test_claim_lapses_whatever_the_clock_says"),
    },
    "An extract is red": {
        "*refused* … rows set aside beyond": "intake/test_bad_input.py::test_more_rejects_than_allowed",
        "*refused* … would close more rows": "intake/test_bad_input.py::test_closures_can_be_allowed",
        "*refused* … would change more known rows": "intake/test_changes.py::test_delivery_changing_most_is_refused",
        "… absent rows are not closed": "intake/test_history.py::test_unreadable_key_closes_nothing",
        "The older delivery … was corrected": "intake/test_changes.py::test_older_correction_stands_beside",
        "*refused* … states a cut-off later": f"{BACK}::{CORRECTED}",
        "*refused* … states a cut-off more than … days … ahead": (
            "intake/test_cutoffs.py::test_jump_is_refused_unless_allowed"
        ),
        "*refused* … states a cut-off more than … days (maxAgeDays)": (
            "intake/test_cutoffs.py::test_too_old_first_delivery_can_be_allowed"
        ),
        "*… named almost like": f"{BACK}::{CORRECTED}",
        "*A delivery that is in came after it*": f"{BACK}::{CORRECTED}",
        "*No delivery is in the inbox*": "intake/test_bad_input.py::test_incomplete_delivery_waits",
        "*Nothing is taken in … while its contract": (
            "contracts/test_hostile_contracts.py::test_broken_files_stop_no_other_source"
        ),
        "*does not accept the token*": "intake/test_api.py::test_wrong_token_is_never_printed",
        "*gave no whole answer": "intake/test_api.py::test_lasting_error_is_tried_4_times",
        "*with one page of several*": "intake/test_api.py::test_first_page_of_several_is_refused",
        "*with a web page, not with data*": "intake/test_api.py::test_web_page_is_refused",
        "the API is down for long": f"{BACK}::test_file_replaces_api_that_is_down",
        "*is being taken in by … since": "intake/test_turns.py::test_timeout_names_holder_of_turn",
        "*The turn on … was lost*": "intake/test_turns.py::test_lost_turn_accepts_nothing",
        "*Its task was killed each time": ("night/test_night_waiting.py::test_killed_task_leaves_a_failed_attempt"),
        "*The disk takes no more*": f"{BACK}::test_full_disk_leaves_nothing_half_done",
        "*The secret … is empty*": f"{BACK}::test_empty_password_file_is_named",
        "*This is a fault of Kvalitet": "intake/test_faults.py::test_own_fault_does_not_refuse_delivery",
        "anything else": "night/test_missing_program.py::test_transient_error_is_tried_again",
    },
    "The night is red": {
        "`wait_for_sources`": ("night/test_night_waiting.py::test_wait_without_warehouse_can_be_cleared"),
        "`staging` … `reports`": f"{BACK}::{MENDED_MODEL}",
        "`finish`: *the database does not let": "publication/test_finish.py::test_failed_setting_names_table",
        "`finish`: *somebody holds a lock*": "publication/test_finish.py::test_locked_table_is_named",
        "`validate`": f"{BACK}::{MENDED_MODEL}",
        "`begin`: *holds candidate*": ("clock/test_lapses.py::test_killed_process_loses_claim_to_another"),
        "`begin`: *nothing to build from*": "intake/test_withdrawal.py::test_newest_is_withdrawn_first",
        "`publish`: *differs from what the gate": (
            "publication/test_publish.py::test_candidate_changed_later_is_refused"
        ),
        "`publish`: a session stays in the way": "publication/test_readers.py::test_unendable_session_is_named",
        "`report`": "reports/test_site.py::test_failed_writing_leaves_old_page",
        "`finish`: *Its schemas hold": "publication/test_seal.py::test_executable_object_is_refused",
        "`finish`: *a transaction … is still open*": "publication/test_seal.py::test_only_own_transactions_are_ended",
        "`anchor`": "evidence/test_outbox.py::test_failed_anchor_stays_due",
        "`housekeeping`: `check_files`": "evidence/test_files.py::test_changed_files_are_named",
    },
}


def rows(section: str) -> list[str]:
    """The first cell of each row of the section's tables."""
    found = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert found, f"the runbook has no section {section}"
    cells = re.findall(r"^\| (.+?) \| .+ \|$", found[1], re.MULTILINE)
    headers = re.findall(r"^\| (.+?) \| .+ \|\n\|---", found[1], re.MULTILINE)
    return [cell for cell in cells if cell not in headers]


@pytest.mark.parametrize("section", FOLLOWED_BY)
def test_each_row_has_a_test(section: str) -> None:
    assert rows(section)
    without = [row for row in rows(section) if not row.startswith(tuple(FOLLOWED_BY[section]))]
    assert without == []


@pytest.mark.parametrize(("section", "follows"), FOLLOWED_BY.items())
def test_each_entry_has_its_row(section: str, follows: dict[str, str]) -> None:
    without = [beginning for beginning in follows if not any(row.startswith(beginning) for row in rows(section))]
    assert without == []


@pytest.mark.parametrize("test", sorted({test for rows in FOLLOWED_BY.values() for test in rows.values()}))
def test_named_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    functions = ast.walk(ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8")))
    assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}
