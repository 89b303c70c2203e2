"""A clock that cannot be right is reported, but stops nothing."""

import json
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from kvalitet.build.builds import begin_build
from kvalitet.cli.app import app
from kvalitet.clock import wall, wrong_clock
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect


def recorded(settings: Settings, ago: str) -> None:
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
            " contract_sha256, started_at, finished_at) values ('organisation', 'x', '2025-01-02', 'x', 'accepted',"
            " '1', '1', now(), clock_timestamp() - %s::interval)",
            [ago],
        )


def test_no_record_says_nothing_of_the_clock(settings: Settings) -> None:
    assert wrong_clock(settings) is None


@pytest.mark.parametrize("ago", ["1 day", "0 s", "-100 s"])
def test_clock_after_all_records_is_not_named(settings: Settings, ago: str) -> None:
    recorded(settings, ago)
    assert wrong_clock(settings) is None


def test_clock_before_a_record_is_named(settings: Settings) -> None:
    """The night goes on all the same."""
    recorded(settings, "-1 day -3 min")
    found = wrong_clock(settings)
    assert found and "ran back" in found and "load 1 is recorded at" in found and found.endswith("1 d 3 min later.")
    assert begin_build(settings, owner="night").build_id == 1
    assert wrong_clock(settings) == found or "1 d" in str(wrong_clock(settings)), "newer records do not hide it"


def test_two_differing_clocks_are_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None) -> datetime:
            return datetime.now(tz) + timedelta(hours=5)

    monkeypatch.setattr(wall, "datetime", Ahead)
    recorded(settings, "1 day")
    found = wrong_clock(settings)
    assert found and "5 h apart" in found


def test_status_names_clock_that_ran_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_VAR", str(settings.var))
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{settings.server}/{settings.database}")
    recorded(settings, "-1 day")
    facts = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    assert "ran back" in facts["clock"][0]["message"]
