"""Beginning a night, giving its claim back, and reading how it went."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kvalitet.build.builds import BuildRefused, end_lapsed_builds, finish, get_build
from kvalitet.nights.night import begin_night, describe, is_anything_new, mark, news, night_result, release_claims
from kvalitet.settings import PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect


def publish(settings: Settings, build_id: int) -> None:
    """Publish the build, as far as the ledger shows it."""
    finish(settings, build_id, PUBLISHER, "published")
    with connect(settings, PUBLISHER) as connection:
        connection.execute(
            "insert into audit.publication (build_id, published_by) values (%s, current_user)", [build_id]
        )


def test_nothing_delivered_is_nothing_new(settings: Settings) -> None:
    assert not is_anything_new(settings)
    assert begin_night(settings, "night 1") is None


def test_night_needs_an_unpublished_load(settings: Settings, extracted: Callable) -> None:
    first = extracted("organisation", "accepted")
    assert news(settings) == [f"organisation (load {first})"]
    build = begin_night(settings, "night 1")
    assert build and build.loads == {"organisation": first}
    publish(settings, build.build_id)
    extracted("organisation", "nothing_new")
    extracted("organisation", "refused")
    assert begin_night(settings, "night 2") is None
    second = extracted("bif_complaints", "accepted")
    assert news(settings) == [f"bif_complaints (load {second})"]
    build = begin_night(settings, "night 2")
    assert build and build.loads == {"organisation": first, "bif_complaints": second}


def test_a_night_can_be_forced(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    build = begin_night(settings, "night 1")
    assert build
    publish(settings, build.build_id)
    assert begin_night(settings, "by hand", force=True)


def test_held_build_leaves_deliveries_new(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    build = begin_night(settings, "night 1")
    assert build
    finish(settings, build.build_id, TRANSFORMER, "held_back")
    assert begin_night(settings, "night 2")


def test_second_owner_is_told_who_holds_it(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    begin_night(settings, "night 1")
    with pytest.raises(BuildRefused, match="night 1"):
        begin_night(settings, "night 2")


def test_rerun_gives_up_its_own_claim(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    first, second = begin_night(settings, "night 1"), begin_night(settings, "night 1")
    assert first and second and second.build_id > first.build_id
    assert get_build(settings, first.build_id).status == "failed"


def test_failed_run_frees_only_its_own_claim(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    build = begin_night(settings, "night 1")
    assert build
    assert release_claims(settings, "night 2", "star: failed") == []
    assert release_claims(settings, "night 1", "star: failed") == [build.build_id]
    ended = get_build(settings, build.build_id)
    assert (ended.status, ended.message) == ("failed", "star: failed")
    assert release_claims(settings, "night 1", "again") == []
    assert begin_night(settings, "night 2")


def test_held_build_stays_held_when_run_fails(settings: Settings, extracted: Callable) -> None:
    extracted("organisation", "accepted")
    build = begin_night(settings, "night 1")
    assert build
    finish(settings, build.build_id, TRANSFORMER, "held_back", "two checks failed")
    release_claims(settings, "night 1", "validate: failed")
    ended = get_build(settings, build.build_id)
    assert (ended.status, ended.message) == ("held_back", "two checks failed")


def test_housekeeping_ends_silent_builds(
    settings: Settings, extracted: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted("organisation", "accepted")
    build = begin_night(settings, "night 1")
    assert build and end_lapsed_builds(settings) == []
    monkeypatch.setenv("KVALITET_CLAIM_LAPSE_SECONDS", "0")
    assert end_lapsed_builds(settings) == [build.build_id]
    assert get_build(settings, build.build_id).status == "lapsed"


def test_only_expected_errors_are_told_in_full() -> None:
    assert describe(BuildRefused("Build 7 holds candidate.", "Wait.")) == "Build 7 holds candidate. Wait."
    assert describe(ValueError("0101012345")) == "ValueError, see the log."
    assert describe(None) == "ended from outside."


def test_result_counts_only_what_came_since(settings: Settings, extracted: Callable) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    extracted("organisation", "accepted", yesterday)
    extracted("quiet", "accepted", yesterday)
    since = mark(settings)
    extracted("bif_complaints", "accepted", rows=100, bad=3)
    extracted("bif_complaints", "accepted", yesterday, rows=50, bad=0)  # the clock was set back a day meanwhile
    extracted("organisation", "refused", rows=20, bad=15)
    build = begin_night(settings, "night 1")
    assert build
    result = night_result(settings, since, "night 1")
    assert {
        row.source_id: (row.outcome, row.delivered, row.accepted, row.rejected, row.stale_reason)
        for row in result.sources
    } == {
        "bif_complaints": ("accepted", 150, 147, 3, None),
        "organisation": ("refused", 20, 0, 15, "last attempt: refused"),
    }
    assert (result.build_id, result.build_status, result.publication_id) == (build.build_id, "building", None)
    publish(settings, build.build_id)
    assert night_result(settings, since, "night 1").publication_id == 1


def test_result_shows_build_of_quicker_run(settings: Settings, extracted: Callable) -> None:
    since = mark(settings)
    extracted("organisation", "accepted")
    build = begin_night(settings, "the scheduled run")
    assert build
    assert night_result(settings, since, "make run").build_id == build.build_id
    assert night_result(settings, mark(settings), "tomorrow").build_id is None
