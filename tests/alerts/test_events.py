"""Which events are due to be sent, by the records and the waivers file."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from kvalitet.alerts.events import Event, of_the_morning, of_the_night
from kvalitet.nights.night import begin_night, release_claims
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

TODAY = date(2025, 3, 17)
MORNING = datetime(2025, 3, 17, 4, 30, tzinfo=UTC)


def load(settings: Settings, source: str, outcome: str, delivery: str = "2025-01-02", days_ago: float = 0) -> int:
    """Record a delivery as intake does, and return its number."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, reason,"
            " contract_version, contract_sha256, started_at, finished_at) values (%(source)s, %(delivery)s::text,"
            " %(delivery)s::text::date, md5(random()::text), %(outcome)s, 'klager_2025-01-02.csv is empty.', '1.0.0',"
            " '', now(), clock_timestamp() - make_interval(secs => %(ago)s)) returning load_id",
            {"source": source, "delivery": delivery, "outcome": outcome, "ago": days_ago * 86400},
        ).fetchone()
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, load_id, message, started_at, finished_at)"
            " values (%s, %s, %s, 'said so', now(), clock_timestamp() - make_interval(secs => %s))",
            [source, outcome, row and row["load_id"], days_ago * 86400],
        )
    assert row
    return row["load_id"]


def checkout_with(settings: Settings, folder: Path, waivers: str) -> Settings:
    """A checkout with one check, these waivers and no contract."""
    checkout = replace(settings, root=folder)
    for place in (checkout.suites_dir, checkout.contracts_dir):
        place.mkdir(parents=True)
    check = {
        "id": "t_center_findes",
        "must_hold": "Hver klage har et center.",
        "why": "Ellers mangler den i fordelingen.",
        "severity": "critical",
        "advice_engineer": "Se efter i organisationen.",
        "advice_reader": "Tallene er ikke offentliggjort.",
        "count_violations": "select 0 as violations, 1 as denominator",
    }
    suite = {"table": "t", "owner": "Holdet", "checks": [check]}
    (checkout.suites_dir / "t.yaml").write_text(yaml.safe_dump(suite))
    checkout.waivers_file.write_text(waivers)
    return checkout


def keys(events: list[Event]) -> list[str]:
    return [event.key for event in events]


def test_refused_is_told_until_mended(settings: Settings) -> None:
    refused = load(settings, "bif_complaints", "refused")
    load(settings, "bif_complaints", "accepted", delivery="2025-01-03")
    (event,) = of_the_night(settings)
    assert event.key == f"refused/{refused}"
    assert "klager_2025-01-02.csv is empty." in event.text
    assert "klageteam@eksempelby.invalid" in event.advice or "fællespostkasse" in event.advice
    load(settings, "bif_complaints", "accepted")
    assert of_the_night(settings) == []


def test_events_older_than_three_days_are_no_news(settings: Settings) -> None:
    load(settings, "bif_complaints", "refused", days_ago=3.1)
    recent = load(settings, "organisation", "refused", days_ago=2.9)
    assert keys(of_the_night(settings)) == [f"refused/{recent}"]


def test_broken_night_is_told_unless_begun_again(settings: Settings) -> None:
    load(settings, "organisation", "accepted")
    begin_night(settings, "night 1")
    second = begin_night(settings, "night 1")
    assert second and of_the_night(settings) == []
    release_claims(settings, "night 1", "star: a model failed.")
    (event,) = of_the_night(settings)
    assert event.key == f"broken_off/{second.build_id}"
    assert "star: a model failed." in event.text


def test_late_source_is_told_with_its_due_day(settings: Settings) -> None:
    moment = datetime.now(TIMEZONE)
    at_two = moment.replace(hour=2, minute=0)  # after its hour, 01:15, in the night that ended last
    at_two -= timedelta(days=at_two > moment)
    now = at_two + timedelta(hours=3.5)
    refused = load(settings, "bif_complaints", "refused", days_ago=(moment - at_two) / timedelta(days=1))
    found = {event.key.rpartition("/")[0]: event for event in of_the_morning(settings, now)}
    assert f"refused/{refused}".rpartition("/")[0] in found
    assert "missing/bif_complaints" not in found
    late = found["missing/organisation"]
    assert date.fromisoformat(late.key.rpartition("/")[2]) <= now.date()
    assert "extract__organisation" in late.advice
    assert keys(of_the_morning(settings, now)) == keys(of_the_morning(settings, now + timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("days_left", "stage", "words"),
    [
        (15, None, ""),
        (14, "14", "om 14 dage"),
        (4, "14", "om 4 dage"),
        (3, "3", "om 3 dage"),
        (1, "3", "i morgen"),
        (0, "3", "i dag"),
        (-1, "ended", "ophørte efter 16-03-2025"),
        (-40, "ended", "ophørte"),
    ],
)
def test_waiver_is_announced_before_it_ends(
    settings: Settings, tmp_path: Path, days_left: int, stage: str | None, words: str
) -> None:
    """Fourteen and three days before, and when it has ended."""
    expires = TODAY + timedelta(days=days_left)
    waiver = {
        "check": "t_center_findes",
        "reason": "Et center oprettes på mandag.",
        "covers": 25,
        "decided_by": "Kontorchefen",
        "decided_on": date(2025, 1, 2),
        "expires_on": expires,
    }
    written = yaml.safe_dump({"waivers": [waiver]}, allow_unicode=True)
    events = of_the_morning(checkout_with(settings, tmp_path, written), MORNING)
    assert keys(events) == ([f"waiver/t_center_findes/{expires}/{stage}"] if stage else [])
    if stage:
        assert events[0].link.endswith("kontrol/t_center_findes.html")
        assert words in events[0].text
        assert "Kontorchefen" in events[0].text and "Et center oprettes på mandag." in events[0].text


def test_unreadable_waivers_silence_nothing_else(settings: Settings, tmp_path: Path) -> None:
    checkout = checkout_with(settings, tmp_path, "waivers: [{check: nobody_has_this}]")
    refused = load(settings, "bif_complaints", "refused")
    told, unusable = of_the_morning(checkout, MORNING)
    assert told.key == f"refused/{refused}"
    assert told.link.endswith("kilde/bif_complaints.html")
    assert unusable.key.startswith("expectations/")
    assert "waivers.yaml" in unusable.text and "waiver 1" in unusable.text
    assert keys(of_the_morning(checkout, MORNING)) == [told.key, unusable.key]
