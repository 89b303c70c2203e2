"""Figures' as-of day is compared with the clock. A night is not compared with withdrawn deliveries."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import sql

from kvalitet.gate import load_suites
from kvalitet.gate.suites import Check
from kvalitet.settings import Settings

DAY = timedelta(days=1)


@pytest.fixture
def admin(admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def build(admin: psycopg.Connection) -> Callable[..., int]:
    """Record a build as of a day on a load of a source, published or not, and return its number."""

    def record(as_of: date, source: str = "bif_complaints", is_published: bool = False) -> int:
        (build_id,) = admin.execute(
            "insert into audit.build (kind, target_schema, owner, as_of_date, code_version, status)"
            " values ('night', 'candidate', 'a test', %s, 'test', 'building') returning build_id",
            [as_of],
        ).fetchone()  # type: ignore[misc]
        admin.execute("update audit.build set status = 'published' where build_id = %s", [build_id])
        (load_id,) = admin.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at) values (%s, %s, %s, md5(random()::text), 'accepted', '1', '', now())"
            " returning load_id",
            [source, str(as_of), as_of],
        ).fetchone()  # type: ignore[misc]
        admin.execute("insert into audit.build_load values (%s, %s, %s, false, null)", [build_id, source, load_id])
        if is_published:
            admin.execute(
                "with published as (insert into audit.publication (build_id, published_by) values (%s, 'a test')"
                " returning publication_id) insert into audit.publication_event (publication_id, event, happened_by)"
                " select publication_id, 'published', 'a test' from published",
                [build_id],
            )
        return build_id

    return record


def withdraw(admin: psycopg.Connection, build_id: int) -> None:
    admin.execute(
        "insert into audit.load_withdrawal (load_id, reason, withdrawn_by)"
        " select load_id, 'wrong', 'a test' from audit.build_load where build_id = %s",
        [build_id],
    )


def check(settings: Settings, name: str) -> Check:
    return next(check for suite in load_suites(settings) for check in suite.checks if check.id == name)


def test_build_of_future_day_is_counted(settings, admin, build):
    found = check(settings, "fct_source_load_as_of_date_not_in_the_future")
    assert found.severity == "critical"
    (today,) = admin.execute("select (clock_timestamp() at time zone 'Europe/Copenhagen')::date").fetchone()
    counted = {}
    for as_of in (date(2025, 1, 2), today, today + DAY, date(2052, 2, 3)):
        set_build = sql.SQL("set kvalitet.build_id = {}").format(sql.Literal(str(build(as_of))))
        admin.execute(set_build)
        counted[as_of] = admin.execute((found.count_violations or "").encode()).fetchone()
    assert list(counted.values()) == [(0, 1), (0, 1), (1, 1), (1, 1)]


def test_night_is_compared_with_last_valid(settings, admin, build):
    builds = [build(date(2025, 1, day), is_published=True) for day in (2, 3, 4)]

    def compared_with() -> list[int]:
        return [row[0] for row in admin.execute("select publication_id from audit.publication_to_compare").fetchall()]

    assert compared_with() == [3]
    withdraw(admin, builds[2])
    assert compared_with() == [2]
    withdraw(admin, builds[1])
    assert compared_with() == [1]
    withdraw(admin, builds[0])
    assert compared_with() == []


def test_withdrawn_published_source_is_excluded(settings, admin, build):
    admin.execute("create schema reporting; create table reporting.fct_complaint (received_date date)")
    admin.execute("create schema candidate; set search_path = candidate")
    conditions = check(settings, "fct_complaint_years_still_there").not_applicable_when

    def reasons() -> list[str]:
        return [c.reason for c in conditions if admin.execute(c.sql.encode()).fetchone() == (True,)]

    first = build(date(2025, 1, 2), source="organisation", is_published=True)
    withdraw(admin, first)
    assert reasons() == []
    second = build(date(2025, 1, 3), is_published=True)
    assert reasons() == []
    withdraw(admin, second)
    assert reasons() == ["Det, som læserne ser, hviler på en leverance, der er trukket tilbage."]
    build(date(2025, 1, 4), is_published=True)
    assert reasons() == []
