"""A survey with a reversed scale, compared with the rounds before it. The rounds are worked out by hand."""

from collections.abc import Callable

import psycopg
import pytest

from kvalitet.gate import load_suites
from kvalitet.gate.suites import Check
from kvalitet.settings import Settings

COLUMNS = (
    "authority text, question_id text, survey_method_id text, survey_round_id text, answered_date date,"
    " respondent_group text, satisfied integer, respondents integer, satisfied_pct numeric"
)
Round = tuple[int, int | None, int | None, float | None]  # year, satisfied, respondents, or a published percentage


@pytest.fixture
def ask(settings: Settings, admin_url: str) -> Callable[..., tuple[int, int] | str]:
    """(violations, denominator) of the check over these rounds, or the reason why it is not applicable."""
    check = _check(settings)

    def answer(*rounds: Round, method_of: Callable[[int], str] = lambda year: "m"):
        with psycopg.connect(admin_url) as connection:
            connection.execute(f"create temporary table fct_survey_result ({COLUMNS}) on commit drop".encode())
            for year, satisfied, respondents, percent in rounds:
                connection.execute(
                    "insert into fct_survey_result"
                    " values ('A', 'forloeb', %s, %s, make_date(%s, 12, 31), 'alle', %s, %s, %s)",
                    [method_of(year), str(year), year, satisfied, respondents, percent],
                )
            (condition,) = check.not_applicable_when
            if connection.execute(condition.sql.encode()).fetchone() == (True,):
                return condition.reason
            (counted,) = connection.execute((check.count_violations or "").encode()).fetchall()
            return counted

    return answer


def _check(settings: Settings) -> Check:
    (suite,) = [suite for suite in load_suites(settings) if suite.table == "fct_survey_result"]
    (check,) = [check for check in suite.checks if check.id == "fct_survey_result_round_not_against_earlier_ones"]
    return check


def test_reversed_scale_is_found(ask) -> None:
    """70 and 72 of 100, then 29 of 100. One half is 4.2 standard errors of 5 points above the last round."""
    assert ask((2021, 70, 100, None), (2022, 72, 100, None), (2023, 29, 100, None)) == (1, 2)


def test_reversed_first_round_is_found(ask) -> None:
    """The first round is the reversed one, with 29 of 100. The second is compared with it, and the third with 99 of
    200, which leans neither way."""
    assert ask((2021, 29, 100, None), (2022, 70, 100, None), (2023, 71, 100, None)) == (1, 2)


def test_fall_is_no_reversed_scale(ask) -> None:
    """At 52 of 100 most are still satisfied. From 55 to 45 is 1 standard error, which can be chance."""
    assert ask((2021, 70, 100, None), (2022, 52, 100, None)) == (0, 1)
    assert ask((2021, 55, 100, None), (2022, 45, 100, None)) == (0, 1)
    assert ask((2021, 7, 10, None), (2022, 3, 10, None)) == (0, 1), "ten answers tell nothing: 1.3 errors"


def test_published_share_needs_its_answers(ask) -> None:
    assert ask((2021, None, 331, 89), (2022, None, 340, 11)) == (1, 1)
    assert ask((2021, None, None, 89), (2022, None, 340, 11)).startswith("Ingen runde")


def test_rounds_of_other_method_do_not_count(ask) -> None:
    told = ask((2021, 70, 100, None), (2022, 30, 100, None), method_of=str)
    assert told.startswith("Ingen runde")
