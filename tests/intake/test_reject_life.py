"""A row set aside stays open with its age and owner until it is resolved by a delivery or accepted by somebody."""

from itertools import product

import psycopg
import pytest

from kvalitet.build.builds import begin_build, fail_if_live
from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.intake.rejects import Accepted, accept, read_rejects
from kvalitet.settings import LOGIN_ROLES, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

SOURCE = "bif_complaints"
GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(200)]
REASON, BY = "En prøvesag i fagsystemet.", "Klageteamet"


@pytest.fixture
def night(settings: Settings, deliver):
    """Deliver the good complaints and others, and take them in. Each call's cut-off is a day later."""
    nights = iter(range(2, 28))

    def run(*others: dict[str, str]):
        deliver(*GOOD, *others, cutoff=f"2025-01-{next(nights):02d}")
        return extract(settings, SOURCE)

    return run


def told(settings: Settings, state: str = "open") -> list[tuple]:
    rows = read_rejects(settings, SOURCE, state)
    return [(row["row_id"], row["problems"], row["holds_previous"], row["loads"]) for row in rows]


def test_repeated_reject_keeps_its_age(settings, night, admin_url):
    bad = {"Lukket": "måske"}
    night(bad)
    night(bad, {"Sagsnummer": "2022 - 00001"})
    night(bad | {"Tema": "svar"}, {"Sagsnummer": "2022 - 00001"})  # it was changed, and is still wrong
    assert told(settings) == [(1, "is_closed:boolean_format", False, 3)]
    with psycopg.connect(admin_url) as connection:
        connection.execute("update audit.load set finished_at = finished_at - interval '11 days' where load_id = 1")
    (row,) = read_rejects(settings, SOURCE)
    assert (row["age_days"], row["first_delivery"], row["row_number"]) == (11, "2025-01-02", 202)
    assert row["owner"] == "Klageteamet (fiktiv)"
    assert row["support"] == "Klageteamets fællespostkasse (fiktiv)"
    assert (row["table_name"], row["state"]) == ("complaints", "open")


def test_relapse_is_new_reject(settings, night):
    bad = {"Lukket": "måske", "Klagetype": "andet"}
    night(bad)
    night({})
    assert told(settings) == []
    assert told(settings, "resolved") == [(1, "complaint_type:unknown_value, is_closed:boolean_format", False, 1)]
    night({"Lukket": "måske"})
    ((row_id, problems, holds, loads),) = told(settings)
    assert (problems, holds, loads) == ("is_closed:boolean_format", True, 1)
    assert row_id > 2


def test_row_without_key_is_known_by_digest(settings, night):
    nameless = {"Sagsnummer": "?"}
    night(nameless)
    night(nameless, {"Sagsnummer": "2022 - 00001"})
    assert sorted(told(settings)) == [(n, "case_number:pattern", False, 2) for n in (1, 2)], (
        "the complaint and its point"
    )


def test_accepted_row_reopens_when_changed(settings, night):
    bad = {"Lukket": "måske"}
    night(bad)
    ((row_id, *_),) = told(settings)
    assert accept(settings, SOURCE, "complaints", REASON, BY, [202]) == Accepted(rows=1, already=0)
    assert accept(settings, SOURCE, "complaints", REASON, BY, [202]) == Accepted(rows=0, already=1)
    night(bad, {"Sagsnummer": "2022 - 00001"})
    assert told(settings) == []
    (row,) = read_rejects(settings, SOURCE, "accepted")
    assert (row["accepted_by"], row["accepted_reason"]) == (BY, REASON)
    night(bad | {"Tema": "svar"}, {"Sagsnummer": "2022 - 00001"})
    assert told(settings) == [(row_id, "is_closed:boolean_format", False, 3)]


def test_rows_of_a_rule_are_accepted_at_once(settings, night):
    night(
        {"Lukket": "måske"}, {"Sagsnummer": "2022 - 00001", "Lukket": "?"}, {"Sagsnummer": "2022 - 00002", "Tema": ""}
    )
    assert accept(settings, SOURCE, "complaints", REASON, BY, None, "boolean_format") == Accepted(2, 0)
    assert [row[1] for row in told(settings)] == ["theme_id:required"]
    assert [(row["source"], row["table"], row["rows"]) for row in read_rejects(settings)] == [(SOURCE, "complaints", 1)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"source": "klager"}, "There is no contract for klager."),
        ({"table": "klager"}, "bif_complaints has no table klager."),
        ({"rows": None}, "Which rows?"),
        ({"rule": "required"}, "Which rows?"),
        ({"rows": [202, 9]}, "No row set aside from bif_complaints complaints has the number 9."),
        ({"rows": None, "rule": "formula"}, "No row set aside from bif_complaints complaints breaks formula."),
        ({"reason": "  "}, "--reason is empty."),
        ({"by": ""}, "--by is empty."),
        ({"reason": "Sagen om 010190-1234 er en prøve."}, "--reason holds what reads as a personal number."),
    ],
)
def test_invalid_acceptance_is_refused(settings, night, change, what):
    night({"Lukket": "måske"})
    asked = {"source": SOURCE, "table": "complaints", "reason": REASON, "by": BY, "rows": [202], **change}
    with pytest.raises(KvalitetError) as refusal:
        accept(settings, **asked)
    assert refusal.value.what == what
    assert "010190" not in str(refusal.value)
    assert len(told(settings)) == 1


def test_build_keeps_its_acceptances(settings, night):
    night({"Lukket": "måske"}, {"Sagsnummer": "2022 - 00001", "Lukket": "?"})
    accept(settings, SOURCE, "complaints", REASON, BY, [202])
    first = begin_build(settings, owner="a test")
    fail_if_live(settings, first.build_id, "ended")
    accept(settings, SOURCE, "complaints", REASON, BY, [203])
    again = begin_build(settings, owner="a test", kind="rebuild", acceptances=first.acceptances)
    fail_if_live(settings, again.build_id, "ended")
    assert (first.acceptances, again.acceptances) == (1, 1)
    assert begin_build(settings, owner="a test").acceptances == 2


def test_nobody_can_change_acceptances(settings, night):
    night({"Lukket": "måske"})
    accept(settings, SOURCE, "complaints", REASON, BY, [202])
    statements = (
        "update audit.reject_acceptance set reason = 'en anden'", "delete from audit.reject_acceptance",
        "truncate audit.reject_acceptance", "delete from audit.contract",
    )  # fmt: skip
    for role, statement in product(LOGIN_ROLES, statements):
        with connect(settings, role) as connection:
            connection.read_only = False  # some roles are read-only by default
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_transformer_sees_no_key_of_rejects(settings, night):
    night({"Lukket": "måske"})
    with connect(settings, TRANSFORMER) as connection:
        row = connection.execute("select * from audit.reject_standing").fetchone()
    assert row is not None
    assert not {"row_key", "row_digest"} & set(row)
    for table in ("reject", "reject_acceptance"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(settings, TRANSFORMER) as connection:
            connection.execute(f"select * from audit.{table}")  # type: ignore[arg-type]
