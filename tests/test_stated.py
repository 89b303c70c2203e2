"""Values from the environment and the command line: a wrong value is named, and gives no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kvalitet.alerts.channels import mail_to
from kvalitet.errors import KvalitetError
from kvalitet.settings.stated import choice, seconds, whole_number
from kvalitet.warehouse.kept_text import without_number

NAME = "KVALITET_EXAMPLE"


@pytest.mark.parametrize("stated", ["abc", "", "-1", "nan", "inf", "1e999", "5 min", "1,5"])
def test_invalid_seconds_are_named(monkeypatch: pytest.MonkeyPatch, stated: str):
    monkeypatch.setenv(NAME, stated)
    with pytest.raises(KvalitetError, match=NAME) as refused:
        seconds(NAME, 300)
    assert "300" in refused.value.remedy


@pytest.mark.parametrize("stated", ["abc", "", "-1", "0", "1.5", "٣", "²", "9" * 5000])
def test_invalid_whole_number_is_named(monkeypatch: pytest.MonkeyPatch, stated: str):
    monkeypatch.setenv(NAME, stated)
    with pytest.raises(KvalitetError, match=NAME):
        whole_number(NAME, 7, least=1)


def test_word_not_allowed_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(NAME, "Off")
    with pytest.raises(KvalitetError, match=f"{NAME}.*one of on, off"):
        choice(NAME, ("on", "off"))


def test_stated_value_replaces_the_default(monkeypatch: pytest.MonkeyPatch):
    assert (seconds(NAME, 2), whole_number(NAME, 7), choice(NAME, ("on", "off"))) == (2, 7, "on")
    monkeypatch.setenv(NAME, "3")
    assert (seconds(NAME, 2), whole_number(NAME, 7)) == (3, 3)


@pytest.mark.parametrize(
    "address", ["smtp://host:abc", "smtp://host:99999", "smtp://[host", "http://host", "mail.example"]
)
def test_invalid_mail_server_is_not_repeated(monkeypatch: pytest.MonkeyPatch, address: str):
    monkeypatch.setenv("KVALITET_ALERT_SMTP", address)
    monkeypatch.setenv("KVALITET_ALERT_MAIL_FROM", "a@example.invalid")
    with pytest.raises(KvalitetError, match="KVALITET_ALERT_SMTP") as refused:
        mail_to("b@example.invalid")
    assert address not in str(refused.value)


@pytest.mark.parametrize("text", ["case \udcff", "case \0", "om 01 01 90 12 34", "om 010190-1234"])
def test_unusable_reason_is_not_repeated(text: str):
    with pytest.raises(KvalitetError, match="--reason") as refused:
        without_number(text, "--reason")
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        ([b"withdraw", b"1", b"--reason", b"caf\xe9"], {}, "Argument 4"),
        ([b"status"], {b"KVALITET_VAR": b"/caf\xe9"}, "KVALITET_VAR"),
    ],
)
def test_bytes_not_utf_8_are_refused(arguments, environment, named):
    program = os.fsencode(Path(sys.executable).with_name("kvalitet"))
    done = subprocess.run(
        [program, *arguments], env={**os.environb, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert named in done.stderr and "UTF-8" in done.stderr and "Traceback" not in done.stderr
