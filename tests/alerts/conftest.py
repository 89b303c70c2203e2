"""A mail server and a webhook to send alerts to, and a build that the gate held back."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kvalitet.settings import GATE, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

sys.path.insert(0, str(Path(__file__).parent))

from servers import HttpServer, MailServer, http_server, mail_server

# Airflow reads its home once per process, when first imported.
HOME = tempfile.mkdtemp(prefix="kvalitet-test-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ.setdefault("AIRFLOW_HOME", HOME)


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("KVALITET_ALERT_SMTP", server.url)
        monkeypatch.setenv("KVALITET_ALERT_MAIL_FROM", "kvalitet@eksempelby.invalid")
        monkeypatch.setenv("KVALITET_ALERT_MAIL_TO", "vagt@eksempelby.invalid, leder@eksempelby.invalid")
        yield server


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with http_server() as server:
        monkeypatch.setenv("KVALITET_ALERT_WEBHOOK", server.url)
        yield server


@pytest.fixture
def held_back(settings: Settings) -> Callable[[], int]:
    """Record a build that a failed and an errored critical check stop, and return its number. A third is waived."""

    def record() -> int:
        with connect(settings, TRANSFORMER) as connection:
            build = connection.execute(
                "insert into audit.build (kind, target_schema, owner, as_of_date, code_version, status)"
                " values ('night', 'candidate', 'a test', '2025-01-02', 'test', 'building') returning build_id"
            ).fetchone()
        assert build
        with connect(settings, GATE) as connection:
            judged = connection.execute(
                "insert into audit.judgement (build_id, passed) values (%s, false) returning judgement_id",
                [build["build_id"]],
            ).fetchone()
            assert judged
            for check, outcome, severity, status, found, of, detail in (
                ("center_findes", "measured", "critical", "failed", 25, 6000, None),
                ("datoer_i_orden", "error", "critical", "error", None, None, "UndefinedColumn: column x"),
                ("dispenseret", "measured", "critical", "failed", 7, 70, None),
                ("kun_en_advarsel", "measured", "warning", "failed", 1, 2, None),
                ("i_orden", "measured", "critical", "passed", 0, 2, None),
            ):
                connection.execute(
                    "insert into audit.check_measurement (judgement_id, check_id, outcome, violations, denominator)"
                    " values (%s, %s, %s, %s, %s)",
                    [judged["judgement_id"], check, outcome, found, of],
                )
                connection.execute(
                    "insert into audit.check_verdict (judgement_id, check_id, suite, table_name, severity, status,"
                    " threshold, description, why, owner, advice_engineer, advice_reader, detail)"
                    " values (%s, %s, 's', 't', %s, %s, 'ingen', %s, 'y', 'Holdet', %s, 'z', %s)",
                    [
                        judged["judgement_id"], check, severity, status,
                        f"Det skal gælde for {check} {{{{ og ikke andet }}}}.", f"Ret <b>{check}</b>.", detail,
                    ],
                )  # fmt: skip
            connection.execute(
                "insert into audit.check_waiver (judgement_id, check_id, reason, decided_by, decided_on, expires_on,"
                " is_used) values (%s, 'dispenseret', 'kendt fejl', 'Chefen', '2025-01-01', '2099-01-01', true)",
                [judged["judgement_id"]],
            )
            connection.execute(
                "update audit.build set status = 'held_back', finished_at = clock_timestamp() where build_id = %s",
                [build["build_id"]],
            )
        return build["build_id"]

    return record
