"""The erasure journal: lines that were broken off, and files that are not this installation's journal."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.persons import journal
from kvalitet.settings import TIMEZONE, Settings

FIRST = json.dumps({"installation": "one"}) + "\n"
HALF = '{"erasure": 2, "da'


def line(erasure: int, day: str) -> str:
    return json.dumps({"erasure": erasure, "day": day, "state": "committed"}) + "\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KVALITET_ERASURE_JOURNAL", str(tmp_path / journal.NAME))
    return Settings(root=tmp_path, var=tmp_path, inbox="", server="127.0.0.1:0", database="none")


def of(settings: Settings, text: str | bytes) -> journal.Journal:
    file = journal.journal_file(settings)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return journal.read_journal(file)


def test_half_line_before_another_is_gap(own: Settings) -> None:
    of(own, FIRST + line(1, "2025-03-03") + HALF)
    journal.note(own, 3, is_committed=True)
    found = journal.read_journal(journal.journal_file(own))
    assert found.days.keys() == {1, 3}
    ((since, until),) = found.gaps
    assert since == datetime(2025, 3, 3, tzinfo=TIMEZONE)
    assert until >= datetime.now(UTC)


def test_half_line_closed_last_is_gap(own: Settings) -> None:
    of(own, FIRST + HALF)
    journal.check_writable(own)
    ((since, until),) = journal.read_journal(journal.journal_file(own)).gaps
    assert since == datetime(1970, 1, 1, tzinfo=UTC)
    assert until <= datetime.now(UTC)


def test_half_line_at_end_is_skipped(own: Settings) -> None:
    assert of(own, FIRST + line(1, "2025-03-03") + HALF) == journal.Journal(
        "one", {1: date(2025, 3, 3)}, frozenset(), ()
    )
    assert of(own, FIRST + line(1, "2025-03-03").rstrip("\n")).days == {1: date(2025, 3, 3)}


@pytest.mark.parametrize("rubbish", [b"\x00\xff\xfe", b"x = 1\n" + FIRST.encode(), FIRST.encode() + b"{}\n"])
def test_file_that_is_no_journal_is_refused(own: Settings, rubbish: bytes) -> None:
    with pytest.raises(KvalitetError, match="cannot be read"):
        of(own, rubbish)
