"""Every source's delivery holds planted numbers, names and sentences. Nothing that is written afterwards holds them.

What whole nights write besides (dbt, pages, Airflow, evidence) is in tests/end_to_end/test_through_airflow.py.
"""

import hashlib
import traceback
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from kvalitet_example import generate
from marks import NAME, Marks
from planting import plant, spoil
from searching import in_database, in_files
from servers import HttpServer, MailServer, http_server, mail_server

from kvalitet.alerts import send
from kvalitet.contracts import load_contracts
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract
from kvalitet.intake.history import TableHistory
from kvalitet.intake.pseudonyms import pseudonym
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow
CUTOFF = date(2025, 1, 2)


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MailServer, HttpServer]]:
    with mail_server() as mail, http_server() as webhook:
        monkeypatch.setenv("KVALITET_ALERT_SMTP", mail.url)
        monkeypatch.setenv("KVALITET_ALERT_MAIL_FROM", "kvalitet@eksempelby.invalid")
        monkeypatch.setenv("KVALITET_ALERT_MAIL_TO", "vagt@eksempelby.invalid")
        monkeypatch.setenv("KVALITET_ALERT_WEBHOOK", webhook.url)
        yield mail, webhook


def test_planted_values_are_found_nowhere(
    settings: Settings,
    admin_url: str,
    channels: tuple[MailServer, HttpServer],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    inbox, contracts, marks = Path(settings.inbox.removeprefix("file://")), load_contracts(settings), Marks()
    generate(inbox, night=1, complaints=2000)
    set_aside = sum(plant(inbox, contract, CUTOFF, marks) for contract in contracts.values())
    assert set_aside > 50
    said: list[str] = []
    for source in contracts:
        said.append(repr(extract(settings, source)))
    (counted,) = fetch_all(settings, AUDITOR, "select sum(rows_rejected)::int as rows from audit.load_table")
    assert counted["rows"] >= set_aside, "each of them was set aside"
    _pseudonyms_are_keyed(settings, admin_url, marks)

    for way, contract in enumerate(contracts.values()):
        spoil(inbox, contract, CUTOFF, marks, way)
        with pytest.raises(DeliveryRefused) as refused:
            extract(settings, contract.id)
        said.append("".join(traceback.format_exception(refused.value)))
    generate(inbox, night=1, complaints=2000)
    said += [_unforeseen(settings, marks, monkeypatch, error) for error in (ValueError, psycopg.DataError)]
    told = send(settings, morning=True)
    assert len(told["mail"]) >= len(contracts)
    mail, webhook = channels
    said += [mail.mails[0].as_string(), *(part.get_content() for part in mail.mails[0].iter_parts())]  # type: ignore[union-attr]
    said += [repr(webhook.posts), *capfd.readouterr(), caplog.text, *(str(warning.message) for warning in recwarn)]

    assert len(marks.cprs) > 300
    assert marks.found_in("\n".join(said).encode()) == set()
    assert in_database(admin_url, marks.found_in) == []
    assert in_files(settings.var, marks.found_in) == []


def _pseudonyms_are_keyed(settings: Settings, admin_url: str, marks: Marks) -> None:
    """The planted numbers came in as keyed pseudonyms. The search finds them, and only in `raw`."""
    persons = [digits for digits, place in marks.cprs.items() if place.endswith("citizen_pseudonym")]
    keyed = {pseudonym(settings.pseudonym_keys(), digits) for digits in persons}
    found = in_database(admin_url, lambda content: {text for text in keyed if text.encode() in content})
    assert {line.partition(":")[0] for line in found} - {"pg_catalog.pg_stats"} == {
        "raw.bif_complaints__complaints",
        "raw.early_retirement_cases__cases",
    }
    assert len(found) >= 6


def _unforeseen(settings: Settings, marks: Marks, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> str:
    """The message for an unexpected error that repeats a delivered value, as databases do."""

    def fail(*_: object, **__: object) -> None:
        raise kind(f"invalid input syntax: {marks.sentence('an unforeseen error')}")

    with monkeypatch.context() as broken:
        broken.setattr(TableHistory, "take", fail)
        with pytest.raises(KvalitetError, match=kind.__name__) as failed:
            extract(settings, "complaint_reassessments", allow_closures=("A. Hansen", "looked at once more"))
    from structlog.tracebacks import ExceptionDictTransformer  # as Airflow writes an exception into a task's log

    logged = ExceptionDictTransformer(use_rich=False, show_locals=False)
    written = logged((type(failed.value), failed.value, failed.value.__traceback__))
    return "".join(traceback.format_exception(failed.value)) + repr(written)


def test_search_finds_what_is_there(settings: Settings, admin_url: str, tmp_path: Path) -> None:
    """It finds them in any spelling, table, file or archive. Otherwise an empty result would prove nothing."""
    marks = Marks()
    number, hyphened, digested = marks.digits("number"), marks.cpr("hyphened"), marks.digits("digested")
    assert marks.found_in(f"kl. 9 {number[:6]} {number[6:]}.".encode()) == {"the number planted in number"}
    assert marks.found_in(f"x|{hyphened}|y".encode()) == {"the number planted in hyphened"}
    assert marks.found_in(hashlib.sha256(digested.encode()).hexdigest().upper().encode())
    assert marks.found_in(f"per {NAME.upper()}".encode()) == {f"planted text {NAME.upper()}"}
    assert marks.found_in(f"a{number}f sha {hashlib.sha256(b'another').hexdigest()}".encode()) == set()
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, message, started_at) values ('x', 'failed', %s, now())",
            [f"cannot read {number}"],
        )
    assert in_database(admin_url, marks.found_in) == ["audit.extract_run: the number planted in number"]
    folder = tmp_path / "var2"
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "task.log").write_text(f"line\n{hyphened}\n")
    (folder / "inbox").mkdir()
    (folder / "inbox" / "klager.csv").write_text(number)
    with zipfile.ZipFile(folder / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("tables/a.jsonl", f'{{"name": "{NAME}"}}' * 100)
    assert in_files(folder, marks.found_in, but=("inbox",)) == [
        f"{folder}/bundle.zip!tables/a.jsonl: planted text {NAME}",
        f"{folder}/log/task.log: the number planted in hyphened",
    ]
    assert in_files(folder / "inbox", marks.found_in) != []
