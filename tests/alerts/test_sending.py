"""Alerts through Airflow's notifiers to a real mail server and a real webhook: what is sent, and how often."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from servers import HttpServer, MailServer
from typer.testing import CliRunner

from kvalitet.alerts import AlertFailed, send
from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, GATE, Settings
from kvalitet.verification.anchor import anchor_head, read_anchors
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow


def noted(settings: Settings) -> list[tuple[str, str]]:
    rows = fetch_all(settings, AUDITOR, "select event, channel from audit.alert order by event, channel")
    return [(row["event"], row["channel"]) for row in rows]


def test_without_channel_nothing_is_sent(settings: Settings, held_back: Callable[[], int]) -> None:
    held_back()
    assert send(settings) == {}
    assert noted(settings) == []


def test_mail_names_check_figures_and_advice(
    settings: Settings, mail: MailServer, held_back: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KVALITET_SITE_URL", "https://kvalitet.eksempelby.invalid/sider/")
    build = held_back()
    assert send(settings) == {"mail": [f"held_back/{build}"]}
    (received,) = mail.mails
    assert received["Subject"] == f"Kvalitet: Natten er holdt tilbage: bygning {build} pr. 02-01-2025"
    assert received["From"] == "kvalitet@eksempelby.invalid"
    assert received["To"] == "vagt@eksempelby.invalid, leder@eksempelby.invalid"
    assert received.get_content_type() == "multipart/alternative"
    plain, html = received.iter_parts()
    text = plain.get_content()
    assert "2 kontroller stoppede offentliggørelsen. Der er endnu intet offentliggjort." in text
    assert "Det skal gælde for center_findes {{ og ikke andet }}." in text, "suites' texts are not templates"
    assert "25 af 6.000 (0,4 %) (tilladt: ingen)" in text
    assert "Ret <b>center_findes</b>." in text
    assert "kunne ikke måles: UndefinedColumn" in text
    assert f"https://kvalitet.eksempelby.invalid/sider/build-{build}/validering.html" in text
    for passed in ("dispenseret", "kun_en_advarsel", "\ni_orden"):
        assert passed not in text
    shown = html.get_content()
    assert html.get_content_type() == "text/html"
    assert "Ret &lt;b&gt;center_findes&lt;/b&gt;." in shown
    assert f'href="https://kvalitet.eksempelby.invalid/sider/build-{build}/validering.html"' in shown


def test_subject_begins_with_administrations_title(
    settings: Settings, mail: MailServer, held_back: Callable[[], int], tmp_path: Path
) -> None:
    own = replace(settings, root=tmp_path)
    own.administration.folder.mkdir(parents=True)
    own.administration.file.write_text("title: Kvalitet · Køge Kommune\n", encoding="utf-8")
    held_back()
    send(own)
    assert mail.mails[0]["Subject"].startswith("Kvalitet · Køge Kommune: Natten er holdt tilbage")


def test_without_address_link_is_the_file(settings: Settings, mail: MailServer, held_back: Callable) -> None:
    build = held_back()
    send(settings)
    text = next(mail.mails[0].iter_parts()).get_content()
    assert f"file://{settings.site_dir}/build-{build}/validering.html" in text


def test_webhook_gets_text_and_fields(settings: Settings, webhook: HttpServer, held_back: Callable[[], int]) -> None:
    build = held_back()
    assert send(settings) == {"webhook": [f"held_back/{build}"]}
    (post,) = webhook.posts
    assert post["title"].startswith("Kvalitet: Natten er holdt tilbage")
    assert "25 af 6.000" in post["text"]
    (event,) = post["events"]
    assert event["key"] == f"held_back/{build}"
    assert [finding["check_id"] for finding in event["findings"]] == ["center_findes", "datoer_i_orden"]


def test_each_event_is_told_once_per_channel(
    settings: Settings, mail: MailServer, webhook: HttpServer, held_back: Callable[[], int]
) -> None:
    first = f"held_back/{held_back()}"
    assert send(settings) == {"mail": [first], "webhook": [first]}
    assert send(settings) == {"mail": [], "webhook": []}
    second = f"held_back/{held_back()}"
    assert send(settings) == {"mail": [second], "webhook": [second]}
    assert (len(mail.mails), len(webhook.posts)) == (2, 2)
    assert noted(settings) == [(event, channel) for event in (first, second) for channel in ("mail", "webhook")]


def test_two_at_once_tell_it_once(settings: Settings, webhook: HttpServer, held_back: Callable[[], int]) -> None:
    events = {held_back(), held_back()}
    both_there = threading.Barrier(2)

    def one() -> None:
        both_there.wait()
        send(settings)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(webhook.posts) == 1
    assert len(webhook.posts[0]["events"]) == len(events) == 2


def test_unsent_alert_stays_due(
    settings: Settings,
    mail: MailServer,
    webhook: HttpServer,
    held_back: Callable[[], int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The other channel is told."""
    event = f"held_back/{held_back()}"
    mail.refuses = True
    with pytest.raises(AlertFailed, match=r"by mail: SMTPDataError 554\. See docs/runbook"):
        send(settings)
    assert (len(webhook.posts), noted(settings)) == (1, [(event, "webhook")])
    assert "vagt@" not in "".join(capfd.readouterr())
    mail.refuses = False
    assert send(settings) == {"mail": [event], "webhook": []}


def test_unencrypted_mail_must_be_allowed(
    settings: Settings, mail: MailServer, held_back: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_back()
    monkeypatch.setenv("KVALITET_ALERT_SMTP", mail.url.removesuffix("?tls=off"))
    with pytest.raises(AlertFailed, match="SMTPNotSupportedError"):
        send(settings)
    assert mail.mails == [] and noted(settings) == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_only_accepted_message_counts(
    settings: Settings,
    webhook: HttpServer,
    held_back: Callable[[], int],
    status: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    held_back()
    webhook.status = status
    with pytest.raises(AlertFailed, match=f"status {status}") as failed:
        send(settings)
    assert noted(settings) == []
    assert "s3cret" not in "".join(capfd.readouterr()) + str(failed.value)


def test_absent_server_is_told_without_address(
    settings: Settings, held_back: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    held_back()
    monkeypatch.setenv("KVALITET_ALERT_WEBHOOK", "http://127.0.0.1:1/hooks/s3cret-token")
    with pytest.raises(AlertFailed, match="to the webhook: ConnectionError") as failed:
        send(settings)
    assert failed.value.__cause__ is None
    assert "s3cret" not in "".join(capfd.readouterr()) + str(failed.value)


def test_alert_of_killed_sender_is_sent_again(
    settings: Settings, webhook: HttpServer, held_back: Callable[[], int]
) -> None:
    """The webhook received the alert, but the process died before noting it, so it is sent again."""
    event = f"held_back/{held_back()}"
    environment = os.environ | {
        "KVALITET_VAR": str(settings.var),
        "KVALITET_DATABASE_URL": f"postgresql://{settings.server}/{settings.database}",
    }
    command = [sys.executable, "-m", "kvalitet", "alert", "send"]
    sender = subprocess.Popen(
        command, env=environment, cwd=settings.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    webhook.before_answer = sender.kill
    sender.communicate(timeout=120)
    assert sender.returncode == -signal.SIGKILL
    assert len(webhook.posts) == 1 and noted(settings) == []
    webhook.before_answer = None
    assert send(settings) == {"webhook": [event]}
    assert noted(settings) == [(event, "webhook")]


def test_ledger_of_alerts_is_append_only(settings: Settings, webhook: HttpServer, held_back) -> None:
    held_back()
    send(settings)
    for change in ("update audit.alert set title = ''", "delete from audit.alert", "truncate audit.alert"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(settings, GATE) as connection:
            connection.execute(change)


def test_airflow_tells_people_of_failed_task(
    settings: Settings, mail: MailServer, held_back: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task runner calls the notifier with the failed task's context. A second failure sends nothing new."""
    from kvalitet.nights.tasks import TellPeople, send_alerts

    monkeypatch.setenv("KVALITET_VAR", str(settings.var))
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{settings.server}/{settings.database}")
    held_back()
    for _ in range(2):
        TellPeople()({"exception": ValueError("x")})  # type: ignore[typeddict-item]
    assert len(mail.mails) == 1
    told = send_alerts()
    assert [event for event in told["mail"] if event.startswith("held_back")] == []


def test_trial_message_reaches_every_channel(
    settings: Settings, mail: MailServer, webhook: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kvalitet.cli.app import app

    monkeypatch.setenv("KVALITET_VAR", str(settings.var))
    done = CliRunner().invoke(app, ["alert", "test"])
    assert (done.exit_code, done.output) == (
        0, "mail: the test message was accepted.\nwebhook: the test message was accepted.\n",
    )  # fmt: skip
    assert "Prøve" in mail.mails[0]["Subject"] and "Prøve" in webhook.posts[0]["title"]
    assert noted(settings) == []


@pytest.mark.parametrize("command", ["test", "send"])
def test_help_comes_with_an_example(command: str) -> None:
    from kvalitet.cli.app import app

    assert "Example:" in CliRunner().invoke(app, ["alert", command, "--help"]).output


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({"KVALITET_ALERT_SMTP": "smtp://mail.invalid"}, "lacks KVALITET_ALERT_MAIL_FROM, KVALITET_ALERT_MAIL_TO"),
        ({"KVALITET_ALERT_WEBHOOK": "chat.invalid/hook"}, "begins with https://"),
        ({"KVALITET_ALERT_WEBHOOK_FILE": "/not/there"}, "which is not there"),
        (
            {"KVALITET_ALERT_SMTP": "mail.invalid", "KVALITET_ALERT_MAIL_FROM": "a", "KVALITET_ALERT_MAIL_TO": "b"},
            "not of the form smtp://",
        ),
        ({}, "No alerts are set up"),
    ],
)
def test_half_a_setting_is_said_plainly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], what: str
) -> None:
    from kvalitet.alerts import send_test

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(KvalitetError, match=what):
        send_test(settings)


def test_an_address_may_come_from_a_file(
    settings: Settings, webhook: HttpServer, monkeypatch: pytest.MonkeyPatch, tmp_path, held_back
) -> None:
    secret = tmp_path / "webhook"
    secret.write_text(webhook.url + "\n")
    monkeypatch.delenv("KVALITET_ALERT_WEBHOOK")
    monkeypatch.setenv("KVALITET_ALERT_WEBHOOK_FILE", str(secret))
    held_back()
    assert list(send(settings)) == ["webhook"]


def test_ledger_head_is_mailed_as_anchor(mail: MailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KVALITET_ANCHOR", "mailto:revision@eksempelby.invalid")
    assert anchor_head(7, "a" * 64)
    (received,) = mail.mails
    assert (received["To"], received["Subject"]) == ("revision@eksempelby.invalid", "Kvalitet: anker 7")
    kept = tmp_path / "anchors.txt"
    kept.write_text(next(received.iter_parts()).get_content().splitlines()[0])
    assert read_anchors(kept) == {7: "a" * 64}


def test_unmailed_anchor_is_given_by_hand(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ANCHOR", "mailto:revision@eksempelby.invalid")
    mail.refuses = True
    with pytest.raises(KvalitetError, match=f"anchor failed: .*By hand: 7 {'a' * 64}") as failed:
        anchor_head(7, "a" * 64)
    assert "revision@" not in str(failed.value)
    monkeypatch.delenv("KVALITET_ALERT_SMTP")
    with pytest.raises(KvalitetError, match="Mail lacks KVALITET_ALERT_SMTP"):
        anchor_head(7, "a" * 64)
