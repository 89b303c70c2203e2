"""A night that cannot begin because a program is missing is reported at once, and not tried again in vain."""

from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from kvalitet.alerts.events import of_the_night
from kvalitet.cli.status import read_status
from kvalitet.errors import DeliveryRefused, KvalitetError, NotInstalled
from kvalitet.nights.night import begin_night
from kvalitet.nights.tasks import no_retry
from kvalitet.settings import Settings


def test_missing_git_is_recorded_once(settings: Settings, extracted, tmp_path: Path, monkeypatch):
    extracted("bif_complaints", "accepted")
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        with pytest.raises(NotInstalled, match="git is not installed here"):
            begin_night(settings, "airflow scheduled__1")
    (build,) = read_status(settings)["builds"]
    assert build["status"] == "failed" and "git is not installed here" in build["message"]
    (event,) = of_the_night(settings)
    assert "git is not installed here" in event.text


def test_begin_works_once_git_is_installed(settings: Settings, extracted, tmp_path: Path, monkeypatch):
    extracted("bif_complaints", "accepted")
    with monkeypatch.context() as without:
        without.setenv("PATH", str(tmp_path))
        with pytest.raises(NotInstalled):
            begin_night(settings, "airflow scheduled__1")
    assert begin_night(settings, "airflow scheduled__1")


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "git"),
        PermissionError(13, "Permission denied", "/usr/bin/dbt"),
        ModuleNotFoundError("No module named 's3fs'", name="s3fs"),
        NotInstalled("The program git is not installed here.", "Install git."),
    ],
)
def test_missing_program_fails_at_once(error: Exception):
    with pytest.raises(AirflowFailException, match=r"git|dbt|s3fs"), no_retry():
        raise error


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError(), KvalitetError("Busy.")])
def test_transient_error_is_tried_again(error: Exception):
    with pytest.raises(type(error)), no_retry(DeliveryRefused):
        raise error
