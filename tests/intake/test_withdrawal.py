"""A wrong delivery is withdrawn. The state before it returns, and nothing recorded is lost."""

import psycopg
import pytest

from kvalitet.build.builds import begin_build, finish, get_build
from kvalitet.build.transform import build_layer
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.gate.deliveries import delivery_suite
from kvalitet.gate.loading import load_defaults
from kvalitet.gate.rules import RuleCheck
from kvalitet.gate.suites import Check
from kvalitet.intake import extract, replay
from kvalitet.intake.withdrawal import withdraw
from kvalitet.nights.night import news
from kvalitet.past.rebuild import begin_known_at, begin_rebuild
from kvalitet.publication.swap import PublishRefused, publish
from kvalitet.settings import GATE, LOADER, TRANSFORMER
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(100)]
SEEN = """
    select * from raw.bif_complaints__complaints
    where valid_from_load <= %(load)s and (valid_to_load is null or valid_to_load > %(load)s) order by case_number
"""


@pytest.fixture(scope="module")
def taken_in(deliveries_taken_in):
    """In the second delivery 2 rows are gone, 1 is changed, 1 is new, and 1 that was set aside is right."""
    bad = {"Sagsnummer": "2024 - 88888", "Lukket": "måske"}
    changed = {"Sagsnummer": "2024 - 00097", "Udfald": "medhold"}
    also_bad = {"Sagsnummer": "2024 - 77777", "Lukket": "måske"}
    second = [*GOOD[:97], changed, {}, bad | {"Lukket": "False"}, also_bad]
    return deliveries_taken_in(([*GOOD, bad], "2025-01-02"), (second, "2025-01-03"))


@pytest.fixture
def two_deliveries(become, taken_in):
    """The loads of the two deliveries, in a copy of their warehouse for one test."""
    with connect(become(taken_in), LOADER) as connection:
        loads = connection.execute("select load_id from audit.load order by load_id").fetchall()
    return tuple(load["load_id"] for load in loads)


def seen(settings, load: int | None) -> list[tuple]:
    """What a build on that load sees, without the load numbers."""
    with connect(settings, TRANSFORMER) as connection:
        rows = connection.execute(SEEN, {"load": load}).fetchall()
    return [tuple(value for name, value in row.items() if not name.startswith("valid_")) for row in rows]


def publish_as_is(settings, admin_url: str, build_id: int) -> None:
    """Record a build as published, as if readers saw it."""
    with psycopg.connect(admin_url) as connection:
        connection.execute("insert into audit.publication (build_id, published_by) values (%s, 'test')", [build_id])
        connection.execute("update audit.build set status = 'published' where build_id = %s", [build_id])


def test_state_before_returns_and_past_stays(settings, two_deliveries, rejects):
    first, second = two_deliveries
    before, wrong = seen(settings, first), seen(settings, second)
    assert (len(before), len(wrong)) == (100, 100)  # 97 + 2 gone + 1 changed, and 97 + 1 changed + 2 new
    done = withdraw(settings, second, "last year's outcomes", "A. Hansen")
    # Of the complaints 1 changed and 2 new rows end, and 1 changed and 2 gone rows return. Each delivered complaint
    # has one point, even if it is set aside, so 2 points are new and 2 are gone.
    assert done.rows_closed == {"complaints": 3, "complaint_points": 2}
    assert done.rows_reopened == {"complaints": 3, "complaint_points": 2}
    assert seen(settings, done.restored_by) == before
    assert (seen(settings, first), seen(settings, second)) == (before, wrong)
    # In the account of the restoring load, 1 of the 3 opened and 3 closed rows is another version of the same row.
    with connect(settings, LOADER) as connection:
        account = connection.execute(
            "select rows_opened, rows_changed, rows_closed, rows_unchanged from audit.load_table"
            " where load_id = %s and table_name = 'complaints'",
            [done.restored_by],
        ).fetchone()
    assert account and tuple(account.values()) == (2, 1, 2, 97)
    # The row that the delivery had corrected is open again. The row that it set aside is no longer open.
    assert [key for _, key, *_ in rejects()] == ["2024-88888"]
    with connect(settings, LOADER) as connection:
        lives = connection.execute(
            "select row_key, load_id, resolved_by_load from audit.reject order by row_key, load_id"
        ).fetchall()
    assert [tuple(life.values()) for life in lives] == [
        ("2024-77777", second, done.restored_by),
        ("2024-88888", first, second),  # as a build on the withdrawn load saw it
        ("2024-88888", done.restored_by, None),
    ]


def test_next_build_is_without_it_and_stale(settings, two_deliveries, admin_url):
    _, second = two_deliveries
    published = begin_build(settings, owner="test")
    publish_as_is(settings, admin_url, published.build_id)
    assert news(settings) == []
    done = withdraw(settings, second, "last year's outcomes", "A. Hansen")
    assert news(settings) == [f"bif_complaints (load {done.restored_by})"]
    assert extract(settings, "bif_complaints").outcome == "missing"  # the withdrawn one is still in the inbox
    build = begin_build(settings, owner="test")
    assert build.loads == {"bif_complaints": done.restored_by}
    assert str(build.as_of_date) == "2025-01-02"
    assert build.stale == {"bif_complaints": "the newest delivery was withdrawn"}
    assert begin_known_at(settings, build.as_of_date.replace(day=9), "test").loads == build.loads
    recorded = begin_rebuild(settings, 1, "test")
    assert recorded.loads == {"bif_complaints": second}


def test_gate_judges_restored_delivery(settings, deliver):
    """The second night sets one of 100 known rows aside, and its last version is held. The third changes every row.

    Its withdrawal closes 100 rows and opens 100. That is more than the 99 right rows of the second night.
    """
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    deliver(*GOOD[:99], GOOD[99] | {"Lukket": "måske"}, cutoff="2025-01-03")
    extract(settings, "bif_complaints")
    deliver(*({**row, "KLE": "32.99.99"} for row in GOOD), cutoff="2025-01-04")
    wrong = extract(settings, "bif_complaints", allow_changes=("A. Hansen", "by mistake")).loads[-1].load_id
    withdraw(settings, wrong, "codes of another system", "A. Hansen")
    build = begin_build(settings, owner="test")
    suite = delivery_suite(load_contracts(settings)["bif_complaints"], load_defaults(settings))
    checks = [check for check in suite.checks if not isinstance(check, RuleCheck)]
    with psycopg.connect(settings.dsn(GATE, options=f"-ckvalitet.build_id={build.build_id}")) as gate:

        def holds(check: Check) -> bool:
            if any(gate.execute(one.sql.encode()).fetchone() == (True,) for one in check.not_applicable_when):
                return True
            counted = gate.execute((check.count_violations or "").encode()).fetchone()
            return counted is not None and check.threshold.holds(*map(int, counted))

        failed = {check.id.removeprefix("delivery_bif_complaints_") for check in checks if not holds(check)}
    assert failed == {"fresh"}, "the source is stale, which is said and blocks nothing"


def test_staging_after_is_as_before(settings, two_deliveries, admin_url):
    _, second = two_deliveries
    done = withdraw(settings, second, "last year's outcomes", "A. Hansen")
    build = begin_build(settings, owner="test")
    build_layer(settings, build.build_id, "staging")
    with connect(settings, TRANSFORMER) as connection:
        row = connection.execute(
            "select count(*) as rows, count(outcome_id) as outcomes from candidate_work.stg_bif_complaints__complaints"
        ).fetchone()
    assert row == {"rows": 100, "outcomes": 0}
    assert build.loads["bif_complaints"] == done.restored_by


def test_correction_follows_withdrawal(settings, two_deliveries, deliver, open_rows):
    _, second = two_deliveries
    withdraw(settings, second, "last year's outcomes", "A. Hansen")
    deliver(*GOOD[:99], cutoff="2025-01-03")
    result = extract(settings, "bif_complaints")
    counts = {name: value for name, value in vars(result.loads[-1].tables["complaints"]).items() if value}
    assert counts == {"delivered": 99, "closed": 1, "unchanged": 99}
    assert begin_build(settings, owner="test").stale == {}


def test_wrong_withdrawal_can_be_replayed(settings, two_deliveries):
    _, second = two_deliveries
    wrong = seen(settings, second)
    withdraw(settings, second, "by mistake", "A. Hansen")
    again = replay(settings, second).loads[-1].load_id
    assert seen(settings, again) == wrong
    assert extract(settings, "bif_complaints").outcome == "nothing_new"
    assert begin_build(settings, owner="test").stale == {}
    withdraw(settings, again, "it was wrong after all", "A. Hansen")
    with pytest.raises(KvalitetError, match=f"as load {again}, which was withdrawn"):
        replay(settings, second)
    assert replay(settings, again).outcome == "accepted"


def test_second_withdrawal_changes_nothing(settings, two_deliveries, everything_written):
    _, second = two_deliveries
    done = withdraw(settings, second, "last year's outcomes", "A. Hansen")
    before = everything_written()
    again = withdraw(settings, second, "another reason", "somebody else")
    assert (again.rows_closed, again.load_id) == ({}, second)
    assert everything_written() == before
    assert done.restored_by


def test_newest_is_withdrawn_first(settings, two_deliveries, open_rows):
    first, second = two_deliveries
    with pytest.raises(KvalitetError, match=rf"stand on load {first}: load {second}. Withdraw the newest first"):
        withdraw(settings, first, "wrong", "A. Hansen")
    restored = withdraw(settings, second, "wrong", "A. Hansen").restored_by
    assert restored is not None
    with pytest.raises(KvalitetError, match=rf"Load {restored} only put the state after load {first} back"):
        withdraw(settings, restored, "wrong", "A. Hansen")
    done = withdraw(settings, first, "wrong too", "A. Hansen")
    assert (done.state_of, done.restored_by, open_rows()) == (None, None, [])
    with pytest.raises(KvalitetError, match="nothing to build from"):
        begin_build(settings, owner="test")


def test_build_on_it_cannot_be_published(settings, two_deliveries, admin_url):
    _, second = two_deliveries
    build = begin_build(settings, owner="test")
    passed = begin_build(settings, owner="test", target_schema="rebuild_9")
    finish(settings, passed.build_id, GATE, "passed")
    done = withdraw(settings, second, "wrong", "A. Hansen")
    assert done.builds_ended == (build.build_id, passed.build_id)
    assert get_build(settings, build.build_id).message == f"Load {second}, which it rests on, was withdrawn."
    with psycopg.connect(admin_url) as connection:  # one that slipped through
        connection.execute(
            "update audit.build set status = 'passed', sealed_at = now() where build_id = %s", [build.build_id]
        )
    with pytest.raises(PublishRefused, match=f"rests on a delivery that was withdrawn: load {second}"):
        publish(settings, build.build_id)


def test_withdrawals_cannot_be_changed(settings, two_deliveries):
    _, second = two_deliveries
    withdraw(settings, second, "wrong", "A. Hansen")
    for statement in ("delete from audit.load_withdrawal", "update audit.load_withdrawal set reason = 'right'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(settings, LOADER) as connection:
            connection.execute(statement)


@pytest.mark.parametrize(("reason", "by"), [(" ", "A. Hansen"), ("wrong", "")])
def test_name_and_reason_are_required(settings, two_deliveries, reason, by):
    with pytest.raises(KvalitetError, match="needs who and why"):
        withdraw(settings, two_deliveries[1], reason, by)
