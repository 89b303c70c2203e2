"""A delivery's own cut-off may not be later than today or far ahead of what was due, and must be written as agreed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
from deliveries import write
from hypothesis import given
from hypothesis import strategies as st

from kvalitet.build.builds import begin_build
from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.intake.cutoffs import Standing, judged, standing
from kvalitet.intake.deliveries import Delivery, look
from kvalitet.intake.withdrawal import withdraw
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect, fetch_all

SOURCE = "bif_complaints"
DAY = timedelta(days=1)
SCHEMAS = count(1)
GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(60)]
OLD = "2005-01-02"
OF_OLD = [
    row | {"Modtaget": "2004-05-02T09:15:00", "Registreret": "2004-05-02T10:00:00", "Svarfrist": "2004-05-30"}
    for row in GOOD
]
WRONG_YEAR = "2025-12-02"  # typed for 2025-01-03: most of a year later, and yet in the past


def today(settings: Settings) -> date:
    return standing(settings, Contract(SOURCE, "", "", "")).today


def rename(inbox: Path, before: str, after: str) -> None:
    for file in (inbox / SOURCE).glob(f"*{before}.csv"):
        file.rename(file.with_name(file.name.replace(before, after)))


def newest_loads(settings: Settings) -> list[dict]:
    query = "select * from audit.load where outcome = 'accepted' order by load_id desc limit 1"
    return fetch_all(settings, AUDITOR, query)


def is_stale(settings: Settings) -> str | None:
    build = begin_build(settings, owner="test", kind="rebuild", target_schema=f"rebuild_{next(SCHEMAS)}")
    return build.stale.get(SOURCE)


class TestByTheClock:
    """These tests are slow, because they need a warehouse."""

    pytestmark = pytest.mark.slow

    def test_renamed_future_cutoff_is_accepted(self, settings, inbox, deliver):
        later = str(today(settings) + 2 * DAY)
        deliver(*GOOD, cutoff=later)
        with pytest.raises(DeliveryRefused, match=rf"{later} states a cut-off later than today.*Rename its files"):
            extract(settings, SOURCE)
        rename(inbox, later, "2025-01-02")
        assert extract(settings, SOURCE).outcome == "accepted"
        assert is_stale(settings) is None or "days old" in str(is_stale(settings))

    def test_mistyped_year_of_one_file_is_named(self, settings, inbox, deliver):
        deliver(*GOOD)
        file = inbox / SOURCE / "klager_2025-01-02.csv"
        file.rename(file.with_name("klager_2052-01-02.csv"))
        result = extract(settings, SOURCE)
        assert result.outcome == "missing"
        assert "Delivery 2025-01-02 is incomplete: klager_2025-01-02.csv has not come" in result.message
        assert "Delivery 2052-01-02 states a cut-off later than today" in result.message

    def test_future_cutoff_cannot_be_allowed(self, settings, deliver):
        deliver(*GOOD, cutoff="9999-12-31")
        with pytest.raises(DeliveryRefused, match="later than today"):
            extract(settings, SOURCE, allow_jump=("A. Hansen", "it is right"))

    def test_cutoff_of_tomorrow_builds_as_of_today(self, settings, deliver):
        deliver(*GOOD, cutoff=str(today(settings) + DAY))
        assert extract(settings, SOURCE).outcome == "accepted"
        assert begin_build(settings, owner="test").as_of_date == today(settings)

    def test_jump_is_refused_unless_allowed(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, SOURCE)
        deliver(*GOOD, cutoff=WRONG_YEAR)
        with pytest.raises(DeliveryRefused, match=r"more than 31 days \(maxJumpDays\) ahead of what was due"):
            extract(settings, SOURCE)
        assert extract(settings, SOURCE, allow_jump=("A. Hansen", "the system stood still")).outcome == "accepted"
        (load,) = newest_loads(settings)
        assert (str(load["cutoff_date"]), load["jump_allowed_by"]) == (WRONG_YEAR, "A. Hansen")
        assert load["jump_allowed_reason"] == "the system stood still"

    def test_replay_refuses_jump_unless_allowed(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, SOURCE)
        deliver(*GOOD, cutoff=WRONG_YEAR)
        with pytest.raises(DeliveryRefused):
            extract(settings, SOURCE)
        refused = fetch_all(settings, AUDITOR, "select load_id from audit.load where outcome = 'refused'")[0]["load_id"]
        with pytest.raises(DeliveryRefused, match="ahead of what was due"):
            replay(settings, refused)
        assert replay(settings, refused, allow_jump=("A. Hansen", "it is right")).outcome == "accepted"

    def test_first_extraction_takes_backlog(self, settings, deliver):
        yesterday = str(today(settings) - DAY)
        for cutoff in ("2023-12-31", "2024-12-31", yesterday):
            deliver(*GOOD, cutoff=cutoff)
        assert [load.outcome for load in extract(settings, SOURCE).loads] == ["accepted"] * 3

    @pytest.mark.parametrize("cutoff", ["1900-01-02", OLD])
    def test_first_delivery_too_old_is_refused(self, settings, deliver, cutoff):
        deliver(*OF_OLD, cutoff=cutoff)
        with pytest.raises(DeliveryRefused, match=rf"{cutoff} states a cut-off more than 3653 days \(maxAgeDays\)"):
            extract(settings, SOURCE)
        assert newest_loads(settings) == []

    def test_too_old_first_delivery_can_be_allowed(self, settings, deliver):
        deliver(*OF_OLD, cutoff=OLD)
        first = extract(settings, SOURCE, allow_jump=("A. Hansen", "the archive of then")).loads[0]
        (load,) = newest_loads(settings)
        assert (str(load["cutoff_date"]), load["jump_allowed_reason"]) == (OLD, "the archive of then")
        withdraw(settings, first.load_id, "to be read once more", "A. Hansen")
        assert replay(settings, first.load_id).outcome == "accepted"

    def test_too_old_delivery_does_not_block_good(self, settings, deliver):
        deliver(*GOOD, cutoff="1900-01-02")
        deliver(*GOOD)
        result = extract(settings, SOURCE)
        assert [(load.delivery, load.outcome) for load in result.loads] == [
            ("1900-01-02", "refused"),
            ("2025-01-02", "accepted"),
        ]
        assert (result.outcome, extract(settings, SOURCE).outcome) == ("accepted", "nothing_new")

    def test_too_old_beside_history_is_refused(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, SOURCE)
        deliver(*OF_OLD, cutoff=OLD)
        result = extract(settings, SOURCE)
        assert f"The older delivery {OLD} was refused: Delivery {OLD} states" in result.message
        assert extract(settings, SOURCE).outcome == "nothing_new"
        let_in = extract(settings, SOURCE, allow_jump=("A. Hansen", "the archive of then"))
        assert [load.outcome for load in let_in.loads] == ["accepted"]

    @pytest.mark.parametrize(
        ("by_and_why", "said"),
        [
            (("A. Hansen", " "), "Letting in a jump needs who and why"),
            (("", "it is right"), "Letting in a jump needs who and why"),
            (("A. Hansen", "the case of 010190-1234"), "Why to let in a jump holds what reads as a personal number"),
        ],
    )
    def test_allowed_jump_needs_name_and_reason(self, settings, deliver, by_and_why, said):
        """For each way of letting a delivery in, this is checked before anything is recorded."""
        deliver(*GOOD)
        load = extract(settings, SOURCE).loads[0].load_id
        for step in (
            lambda: extract(settings, SOURCE, allow_jump=by_and_why),
            lambda: replay(settings, load, allow_jump=by_and_why),
        ):
            with pytest.raises(KvalitetError, match=said):
                step()
        assert is_stale(settings) is None or "days old" in str(is_stale(settings))

    def test_delivery_of_today_follows_old_one(self, settings, deliver):
        deliver(*GOOD, cutoff="2023-12-31")
        extract(settings, SOURCE)
        deliver(*GOOD, cutoff=str(today(settings)))
        assert extract(settings, SOURCE).outcome == "accepted"

    def test_source_silent_half_a_year_resumes(self, settings, deliver, admin_url):
        deliver(*GOOD)
        extract(settings, SOURCE)
        with psycopg.connect(admin_url) as connection:
            connection.execute("update audit.load set started_at = started_at - interval '180 days'")
        for cutoff in ("2025-05-30", "2025-06-30"):  # all missed nights may come at once
            deliver(*GOOD, cutoff=cutoff)
        assert [load.outcome for load in extract(settings, SOURCE).loads] == ["accepted", "accepted"]


class TestLeftBehind:
    """Files that are still in the inbox after the right ones came."""

    pytestmark = pytest.mark.slow

    def test_good_file_ends_staleness_of_refusal(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, SOURCE)
        deliver(*GOOD, cutoff=WRONG_YEAR)
        with pytest.raises(DeliveryRefused):
            extract(settings, SOURCE)
        assert is_stale(settings) == "last attempt: refused"
        deliver(*GOOD, cutoff="2025-01-03")
        result = extract(settings, SOURCE)
        assert (result.outcome, result.loads[-1].delivery) == ("accepted", "2025-01-03")
        assert f"Delivery {WRONG_YEAR} states a cut-off" in result.message
        again = extract(settings, SOURCE)
        assert (again.outcome, f"Delivery {WRONG_YEAR}" in again.message) == ("nothing_new", True)
        assert is_stale(settings) is None

    def test_good_file_ends_staleness_of_withdrawal(self, settings, deliver):
        deliver(*GOOD)
        extract(settings, SOURCE)
        deliver(*GOOD, cutoff=WRONG_YEAR)
        wrong = extract(settings, SOURCE, allow_jump=("A. Hansen", "by mistake")).loads[-1].load_id
        withdraw(settings, wrong, "the year was mistyped", "A. Hansen")
        assert extract(settings, SOURCE).outcome == "missing"
        deliver(*GOOD, cutoff="2025-01-03")
        assert extract(settings, SOURCE).outcome == "accepted"
        again = extract(settings, SOURCE)
        assert again.outcome == "nothing_new"
        assert f"the one of load {wrong}, which was withdrawn" in again.message
        assert is_stale(settings) is None


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contracts(Settings.from_environment(Path(__file__).parents[2]))[SOURCE]


def delivery(cutoff: date) -> Delivery:
    return Delivery(cutoff, None, {}, ())  # type: ignore[arg-type]


TODAY = date(2026, 11, 27)


@given(
    lag=st.integers(0, 2000),
    pauses=st.lists(st.integers(0, 700), min_size=1, max_size=20),
    late=st.lists(st.integers(0, 20), min_size=20, max_size=20),
)
def test_regular_source_is_never_refused(contract, lag, pauses, late):
    """Whatever its lag is, however long it is silent, and even if it is up to twenty days late."""
    clock, before = TODAY, Standing(TODAY, None, None)
    for pause, days_late in zip(pauses, late, strict=False):
        clock += pause * DAY
        cutoff = clock - (lag + days_late) * DAY
        if before.newest and cutoff < before.newest:
            continue
        came = judged(contract, delivery(cutoff), replace(before, today=clock), None)
        assert came.refusal is None
        before = Standing(clock, cutoff, clock)


@given(days=st.integers(2, 2_000_000), newest=st.none() | st.dates(date(2000, 1, 1), TODAY))
def test_cutoff_beyond_tomorrow_is_refused(contract, days, newest):
    if TODAY.toordinal() + days > date.max.toordinal():
        return
    before = Standing(TODAY, newest, newest)
    assert judged(contract, delivery(TODAY + days * DAY), before, ("A. Hansen", "sure")).refusal


@given(days=st.integers(0, 8000), newest=st.none() | st.integers(1, 8000))
def test_age_limit_spares_newer_cutoffs(contract, days, newest):
    """The limit holds for a cut-off that begins the history, or is older than the newest one."""
    before = Standing(TODAY, None, None) if newest is None else Standing(TODAY, TODAY - newest * DAY, TODAY)
    cutoff = TODAY - days * DAY
    is_later = before.newest is not None and cutoff >= before.newest
    refusal = judged(contract, delivery(cutoff), before, None).refusal
    assert ("maxAgeDays" in str(refusal)) == (days > contract.max_age_days and not is_later)


@given(st.sampled_from([1, -1]), st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_mistyped_year_is_refused_or_older(contract, years, cutoff):
    """The delivery of the day after a cut-off of 2024 comes today, with its year wrong by one."""
    typed = cutoff + 365 * years * DAY
    refusal = judged(contract, delivery(typed), Standing(TODAY, cutoff - DAY, TODAY), None).refusal
    assert (refusal is not None) == (typed > cutoff)


@pytest.mark.parametrize(
    "name",
    [
        "klager_2025-02-30.csv",  # no such day
        "klager_2025-13-01.csv",
        "klager_..-01-02.csv",
        "klager_0000-01-01.csv",
        "klager_2025-2-3.csv",
        "klager_20250203.csv",
        "klager_03-02-2025.csv",
        "klager_2025_02_03.csv",
        "klager_2025-02-03 (1).csv",
        "klager_2025-02-03T01-15.csv",
        "klager_ 2025-02-03.csv",
        "Klager_2025-02-03.CSV",
        "klager_２０２５-02-03.csv",  # full-width digits
        "klager_٢٠٢٥-02-03.csv",  # Arabic digits
        "klager_2025–02–03.csv",  # with dashes
    ],
)
def test_almost_agreed_file_name_is_noted(settings: Settings, inbox: Path, contract, name):
    write(inbox, f"{SOURCE}/{name}", "x")
    write(inbox, f"{SOURCE}/klager_2025-01-02.csv", "x")
    found = look(settings, contract)
    assert [d.name for d in found.deliveries] == ["2025-01-02"]
    (note,) = found.notes
    assert note.startswith("1 file is named almost like klager_{cutoff}.csv, without a day of the calendar")


@pytest.mark.parametrize("name", ["klager.csv", "klager_2025-01-02.csv.part", "gamle klager_2025-01-02.csv", "x"])
def test_other_file_names_are_only_counted(settings: Settings, inbox: Path, contract, name):
    write(inbox, f"{SOURCE}/{name}", "x")
    assert look(settings, contract).notes == ("1 unrecognised files were left alone.",)


Deliver = Callable[..., None]


@pytest.mark.slow
class TestEvents:
    """Rows that state an event on a day on which it cannot have happened."""

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("Modtaget", "1900-01-01T00:00:00"),
            ("Modtaget", "9999-12-31T23:59:59"),
            ("Besvaret", "2025-01-03T00:00:00"),  # the day after the cut-off, by local time
            ("Afgjort", "1970-01-01T00:00:00"),
            ("Videresendt", "0001-01-01T00:00:00"),
        ],
    )
    def test_row_is_set_aside(self, settings, deliver: Deliver, rejects, column, value):
        deliver({column: value}, padding=60)
        extract(settings, SOURCE)
        assert [(key, rule) for _, key, _, rule, _ in rejects()] == [("2023-17309", "no_event_date")]

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("Besvaret", "2025-01-02T23:59:59"),  # within the day of the cut-off
            ("Modtaget", "1971-01-01T00:00:00"),
            ("Svarfrist", "2035-01-01"),  # a time limit is no event
        ],
    )
    def test_row_is_in_order(self, settings, deliver: Deliver, rejects, column, value):
        deliver({column: value}, padding=60)
        extract(settings, SOURCE)
        assert rejects() == []

    def test_same_row_is_accepted_on_its_day(self, settings, deliver: Deliver, rejects):
        answered = {"Besvaret": "2025-01-03T10:00:00"}
        deliver(answered, padding=60)
        extract(settings, SOURCE)
        assert rejects()
        deliver(answered, padding=60, cutoff="2025-01-03")
        extract(settings, SOURCE)
        assert rejects() == []

    def test_reject_says_why(self, settings, deliver: Deliver):
        deliver({"Modtaget": "1900-01-01T00:00:00"}, padding=60)
        extract(settings, SOURCE)
        with connect(settings, AUDITOR) as connection:
            row = connection.execute("select column_name, reason from audit.reject").fetchone()
        assert row == {
            "column_name": "received_at",
            "reason": "is a day on which this cannot have happened: after the cut-off, or before 1971",
        }
