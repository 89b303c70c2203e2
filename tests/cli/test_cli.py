"""The command line as a new user meets it: help with examples, and errors that say what to do."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from kvalitet.services import processes
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

COMMANDS = (
    "sample", "extract", "contract", "build", "validate", "publish", "night", "run",
    "status", "rejects", "figures", "supervision-sample", "restatement", "rollback", "dsn", "up", "migrate",
    "admin-sql", "replay", "withdraw", "landing purge", "landing rotate-key", "person show", "person erase",
    "person rotate-key", "alert test", "backup", "restore", "person confirm-erasures", "mutate", "verify", "evidence",
    "reevaluate", "indicator new",
)  # fmt: skip


def kvalitet(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "KVALITET_VAR": str(settings.var),
        "KVALITET_INBOX": settings.inbox,
        "KVALITET_DATABASE_URL": f"postgresql://{settings.server}/{settings.database}",
        "COLUMNS": "160",
    }
    command = [sys.executable, "-m", "kvalitet", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=settings.root, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_comes_with_an_example(command):
    from typer.testing import CliRunner

    from kvalitet.cli.app import app

    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.output


@pytest.mark.slow
def test_extract_status_and_dsn_work(settings: Settings):
    assert kvalitet(settings, "sample", "--complaints", "2000").returncode == 0
    taken = kvalitet(settings, "extract", "organisation")
    assert taken.returncode == 0, taken.stderr
    assert "organisation: accepted. 1 delivery taken in." in taken.stdout
    facts = json.loads(kvalitet(settings, "status", "--json").stdout)
    assert [(row["source_id"], row["outcome"]) for row in facts["sources"]] == [("organisation", "accepted")]
    address = kvalitet(settings, "dsn", "--role", "bi").stdout
    assert address.startswith("postgresql://kvalitet_bi:")


@pytest.mark.slow
def test_number_typed_as_source_is_kept_nowhere(settings: Settings):
    typed = kvalitet(settings, "extract", "010190-1234")
    assert (typed.returncode, "010190" in typed.stderr + typed.stdout) == (1, False)
    assert "010190" not in kvalitet(settings, "status", "--json").stdout
    assert fetch_all(settings, AUDITOR, "select from audit.extract_run") == []


@pytest.mark.slow
def test_other_encoding_shows_what_it_can(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    contract = "example/administration/contracts/borgerraadgiver_cases.odcs.yaml"
    for words in (("status",), ("status", "--source", "audit_remarks"), ("contract", contract), ("verify", "--æ")):
        shown = kvalitet(settings, *words)
        assert "Traceback" not in shown.stdout + shown.stderr, words


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize(
    ("arguments", "what", "remedy"),
    [
        (("extract", "klager"), "There is no contract for klager.", "Known sources: "),
        (
            ("extract", "organisation", "--allow-closures", "fine"),
            "Letting in closures needs who and why.",
            "name: reason",
        ),
        (("dsn", "--role", "root"), "There is no role root.", "Roles: loader"),
        (("build", "--as-of", "3/1-25"), "3/1-25 is not a date.", "yyyy-mm-dd"),
        (("build",), "nothing to build from", "kvalitet extract"),
        (("build", "--as-recorded", "9"), "There is no publication 9.", "kvalitet status"),
        (("figures", "--publication", "9"), "There is no publication 9.", "none yet"),
        (("figures",), "Which figures?", "exactly one of"),
        (("figures", "--publication", "1", "--known-at", "2024-01-04"), "Which figures?", "exactly one of"),
        (("figures", "--known-at", "2024-01-04"), "Nothing that was taken in states a cut-off", "kvalitet extract"),
        (("restatement", "2", "1"), "Publication 2 is not before 1.", "older of the two first"),
        (("restatement", "1", "2"), "There is no publication 1.", "none yet"),
        (("sample", "--earlier", "2025-01-02"), "2025-01-02 is not before the first night.", "--night"),
        (("sample", "--corrupt", "everything"), "There is no corruption everything.", "lost_centre"),
    ],
)
def test_errors_say_what_to_do(settings: Settings, arguments, what, remedy):
    ended = kvalitet(settings, *arguments)
    assert ended.returncode == 1
    assert what in ended.stderr
    assert remedy in ended.stderr
    assert "Traceback" not in ended.stderr


def test_absent_server_is_named_without_password(settings: Settings):
    ended = kvalitet(replace(settings, server="127.0.0.1:1"), "status")
    assert ended.returncode == 1
    assert "The warehouse at 127.0.0.1:1 cannot be reached as kvalitet_auditor" in ended.stderr
    assert settings.password("kvalitet_auditor") not in ended.stderr


def test_status_works_without_a_database(settings: Settings):
    """One component is alive, another was killed, and neither the warehouse nor Airflow's database can be reached."""
    for name, code in (("airflow-triggerer", "import time; time.sleep(60)"), ("airflow-scheduler", "")):
        processes.launch(settings, name, [sys.executable, "-c", code], dict(os.environ))
    try:
        psutil.Process(json.loads(notes(settings))["airflow-scheduler"]["pid"]).wait(20)
        ended = kvalitet(replace(settings, server="127.0.0.1:1"), "status", "--json")
    finally:
        processes.end(settings, ["airflow-triggerer"])
    facts = json.loads(ended.stdout)
    assert {row["name"]: row["is_running"] for row in facts["services"]}["airflow-triggerer"]
    assert facts["problems"][0] == {"service": "airflow-scheduler", "what": "its process has died"}
    (database,) = [row["what"] for row in facts["problems"] if row["service"] == "airflow's database"]
    assert "cannot be reached" in database and "Whether Airflow schedules is not known" in database
    assert ended.returncode == 1
    assert "The warehouse at 127.0.0.1:1 cannot be reached" in ended.stderr
    assert "Traceback" not in ended.stderr


def notes(settings: Settings) -> str:
    return (settings.var / "run" / "processes.json").read_text()
