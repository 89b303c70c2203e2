"""What readers, the ledger and the catalogue show before and after publishing."""

from pathlib import Path

import psycopg
import pytest
import synthetic
from psycopg import errors

from kvalitet.errors import KvalitetError
from kvalitet.publication import PublishRefused, figures, publish, rollback, swap
from kvalitet.settings import (
    AUDITOR,
    BI,
    DETAIL,
    GATE,
    PUBLISHER,
    TRANSFORMER,
    Settings,
)
from kvalitet.warehouse import locks
from kvalitet.warehouse.connection import connect, fetch_all


def seen_by(
    settings: Settings,
    role: str,
    table: str = "fct_indicator_value",
    schema: str = "reporting",
) -> set[int]:
    """The builds whose rows a role sees in a table."""
    return {row["build_id"] for row in fetch_all(settings, role, f"select distinct build_id from {schema}.{table}")}  # type: ignore[arg-type]


def test_first_publication_is_visible(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)

    publication = publish(settings, build_id)

    assert (publication.publication_id, publication.build_id, publication.figures) == (
        1,
        build_id,
        20,
    )
    assert seen_by(settings, BI) == {build_id}
    stamp = fetch_all(
        settings,
        BI,
        "select publication_id, build_id, published_at from reporting.publication",
    )
    assert stamp == [
        {
            "publication_id": 1,
            "build_id": build_id,
            "published_at": publication.published_at,
        }
    ]
    assert len(figures(settings, 1)) == 20
    assert fetch_all(settings, AUDITOR, "select publication_id, event from audit.publication_event") == [
        {"publication_id": 1, "event": "published"}
    ]


def test_publishing_again_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)
    first = publish(settings, build_id)

    again = publish(settings, build_id)

    assert (again.publication_id, again.published_at) == (
        first.publication_id,
        first.published_at,
    )
    assert len(fetch_all(settings, AUDITOR, "select 1 from audit.publication_event")) == 1


def test_only_previous_publication_is_kept(settings: Settings, tmp_path: Path) -> None:
    builds = []
    for number in (1, 2, 3):
        builds.append(synthetic.passed_build(settings, tmp_path, rows=10 * number))
        assert publish(settings, builds[-1]).publication_id == number

    assert seen_by(settings, BI) == {builds[2]}
    with connect(settings, PUBLISHER) as connection:
        rows = connection.execute("select build_id from previous.publication").fetchall()
    assert rows == [{"build_id": builds[1]}]
    assert {figure["n"] for figure in figures(settings, 1)} == {10}
    assert {figure["n"] for figure in figures(settings, 3)} == {30}


@pytest.mark.parametrize("status", ["building", "built", "held_back", "failed", "lapsed"])
def test_build_that_did_not_pass_is_refused(settings: Settings, tmp_path: Path, status: str) -> None:
    build_id = synthetic.build(settings, status=status)

    with pytest.raises(PublishRefused) as refusal:
        publish(settings, build_id)

    assert status in refusal.value.what and refusal.value.remedy
    assert fetch_all(settings, AUDITOR, "select 1 from audit.publication") == []
    with pytest.raises(KvalitetError, match="no publication 1"):
        figures(settings, 1)


def test_unknown_or_past_build_is_refused(settings: Settings) -> None:
    with pytest.raises(PublishRefused, match="no build 77"):
        publish(settings, 77)
    with pytest.raises(PublishRefused, match="rebuild of the past"):
        publish(settings, synthetic.build(settings, target="rebuild_1", status="passed"))


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("update candidate.fct_indicator_value set value = 0 where indicator_value_key = 'k3'", "fct_indicator_value"),
        ("delete from candidate.fct_complaint where complaint_key = '7'", "fct_complaint"),
        ("create table candidate.slipped_in (a int)", "slipped_in"),
        ("drop table candidate.fct_complaint cascade", "fct_complaint"),
        ("alter table candidate.fct_complaint disable row level security", "fct_complaint"),
        ("drop policy by_centre on candidate.fct_complaint", "fct_complaint"),
        ("grant select on candidate.fct_complaint to kvalitet_bi", "fct_complaint"),
        ("alter table candidate.fct_indicator_value drop constraint fct_indicator_value_pkey", "fct_indicator_value"),
        ("insert into candidate.table_reader values ('fct_complaint', 'bi')", "table_reader"),
        ("create or replace view candidate_detail.fct_complaint with (security_invoker = false) as"
         " select complaint_key, centre_id, source_key, build_id from candidate.fct_complaint", "detail.fct_complaint"),
    ],
)  # fmt: skip
def test_candidate_changed_later_is_refused(settings: Settings, tmp_path: Path, change: str, table: str) -> None:
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    second = synthetic.passed_build(settings, tmp_path)
    with connect(settings, PUBLISHER) as connection:  # nobody else can
        connection.execute("set role kvalitet_publication_owner")
        connection.execute(change)  # type: ignore[arg-type]

    with pytest.raises(PublishRefused, match=rf"not what the gate measured.*{table}"):
        publish(settings, second)

    assert seen_by(settings, BI) == {first}
    assert fetch_all(settings, AUDITOR, "select publication_id from audit.publication") == [{"publication_id": 1}]
    build = fetch_all(
        settings,
        AUDITOR,
        "select status from audit.build where build_id = %(b)s",
        {"b": second},
    )
    assert build == [{"status": "failed"}]


def test_unmeasured_build_is_refused(settings: Settings, admin_url: str, tmp_path: Path) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)
    with psycopg.connect(admin_url) as connection:
        connection.execute("delete from audit.table_digest")
    with pytest.raises(PublishRefused, match="not what the gate measured"):
        publish(settings, build_id)


def test_second_rollback_undoes_first(settings: Settings, tmp_path: Path) -> None:
    builds = [synthetic.passed_build(settings, tmp_path) for _ in range(1)]
    publish(settings, builds[0])
    builds.append(synthetic.passed_build(settings, tmp_path))
    publish(settings, builds[1])

    returned = rollback(settings, "Forkert center i leverancen")

    assert (returned.publication_id, returned.build_id) == (1, builds[0])
    assert seen_by(settings, BI) == {builds[0]}
    assert rollback(settings, "Alligevel rigtig").publication_id == 2
    assert seen_by(settings, BI) == {builds[1]}
    events = fetch_all(
        settings,
        AUDITOR,
        "select publication_id, event, reason from audit.publication_event order by event_id",
    )
    assert [(e["publication_id"], e["event"]) for e in events[2:]] == [
        (1, "rolled_back_to"),
        (2, "rolled_back_to"),
    ]
    assert events[2]["reason"] == "Forkert center i leverancen"


def test_last_seen_becomes_previous(settings: Settings, tmp_path: Path) -> None:
    """A publication after a rollback keeps as the previous one what readers saw last."""
    builds = []
    for _ in range(2):
        builds.append(synthetic.passed_build(settings, tmp_path))
        publish(settings, builds[-1])
    rollback(settings, "fejl")
    builds.append(synthetic.passed_build(settings, tmp_path))

    assert publish(settings, builds[2]).publication_id == 3
    assert rollback(settings, "fejl igen").build_id == builds[0]


def test_rollback_needs_reason_and_previous(settings: Settings, tmp_path: Path, admin_url: str) -> None:
    with pytest.raises(PublishRefused, match="needs a reason"):
        rollback(settings, "  ")
    publish(settings, synthetic.passed_build(settings, tmp_path))
    with pytest.raises(PublishRefused, match="no publication to roll back to"):
        rollback(settings, "fejl")
    second = synthetic.passed_build(settings, tmp_path)
    publish(settings, second)
    with synthetic.admin(admin_url) as admin:
        admin.execute("update previous.fct_indicator_value set value = 0")
    with pytest.raises(PublishRefused, match="no longer what was published"):
        rollback(settings, "fejl")
    assert seen_by(settings, BI) == {second}


def test_second_publisher_at_once_is_refused(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.passed_build(settings, tmp_path)
    with connect(settings, PUBLISHER) as other:
        other.execute("select set_config('application_name', 'the other', true)")
        locks.take(other, locks.PUBLICATION, "")
        with pytest.raises(PublishRefused, match=r"under way, by the other \(session"):
            publish(settings, build_id)
    assert publish(settings, build_id).publication_id == 1


def test_next_publisher_starts_at_once(settings: Settings) -> None:
    with connect(settings, PUBLISHER) as first, connect(settings, PUBLISHER) as second:
        with pytest.raises(errors.DivisionByZero), swap._alone(settings, first):
            first.execute("select 1 / 0")
        with (
            swap._alone(settings, first),
            pytest.raises(PublishRefused, match="under way"),
            swap._alone(settings, second),
        ):
            pass
        with swap._alone(settings, second):
            pass


def test_readers_read_only_what_is_theirs(settings: Settings, tmp_path: Path, admin_url: str) -> None:
    for _ in range(2):
        published = synthetic.passed_build(settings, tmp_path)
        publish(settings, published)
    synthetic.passed_build(settings, tmp_path)  # a candidate waits
    with synthetic.admin(admin_url) as admin:
        admin.execute("insert into audit.detail_access values ('kvalitet_detail', 'C01', 'a test')")

    for role in (BI, DETAIL, AUDITOR):
        assert seen_by(settings, role) == {published}
        for schema in ("candidate", "candidate_detail", "previous", "previous_detail"):
            with pytest.raises(errors.InsufficientPrivilege):
                seen_by(settings, role, "fct_complaint", schema)
        stats = fetch_all(settings, role, "select distinct schemaname::text as schema from pg_stats where schemaname"
                          " in ('candidate', 'previous')")  # fmt: skip
        assert stats == [], "a table's statistics show values of it"
    for schema in ("reporting", "reporting_detail"):
        with pytest.raises(errors.InsufficientPrivilege):
            seen_by(settings, BI, "fct_complaint", schema)
    for schema in ("reporting", "reporting_detail"):
        rows = fetch_all(settings, DETAIL, f"select distinct centre_id from {schema}.fct_complaint")  # type: ignore[arg-type]
        assert rows == [{"centre_id": "C01"}]
    assert (
        len(
            fetch_all(
                settings,
                AUDITOR,
                "select distinct centre_id from reporting.fct_complaint",
            )
        )
        == 2
    )
    for role in (BI, DETAIL, AUDITOR, GATE, TRANSFORMER):
        with pytest.raises(psycopg.Error):
            fetch_all(settings, role, "delete from reporting.fct_indicator_value returning 1")


def test_no_runtime_role_can_rewrite_ledger(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    for role in (PUBLISHER, GATE, TRANSFORMER, AUDITOR, BI):
        for change in (
            "update audit.publication_figure set value = 0",
            "delete from audit.publication_event",
        ):
            with (
                pytest.raises(errors.InsufficientPrivilege),
                connect(settings, role) as connection,
            ):
                connection.execute(change)  # type: ignore[arg-type]
