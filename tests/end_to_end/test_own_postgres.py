"""Whole nights on an administration's own Postgres instead of the embedded one.

In the second night one source is broken, which must not stop the others on any server.
"""

import csv
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from certificates import Authority
from debian_postgres import PROGRAMS, major_version
from kvalitet_example import generate
from typer.testing import CliRunner

from kvalitet import services
from kvalitet.cli.app import app
from kvalitet.errors import KvalitetError
from kvalitet.nights.night import NightResult, run_night
from kvalitet.persons.erasure import erase
from kvalitet.persons.number import Number
from kvalitet.persons.rekeying import rotate_key
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import BI, Settings
from kvalitet.warehouse.connection import fetch_all

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "egen_kvalitet"


@pytest.fixture
def own(debian_server: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings from the environment, as a person with an own server sets them: TLS, and no password in the address."""
    port = urlsplit(debian_server).port
    with psycopg.connect(debian_server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)")  # type: ignore[arg-type]
    address = f"localhost:{port}/{DATABASE}?sslmode=verify-full&sslrootcert={authority.file}"
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{address}")
    monkeypatch.setenv("KVALITET_ADMIN_URL", debian_server.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("KVALITET_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    return Settings.from_environment(ROOT)


@pytest.fixture
def migrator(own: Settings, debian_server: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the login that the administrator's file makes. It is no superuser, and the file has been run."""
    printed = CliRunner().invoke(app, ["admin-sql"])
    superuser = debian_server.replace("127.0.0.1", "localhost") + f"?sslmode=verify-full&sslrootcert={authority.file}"
    psql = [str(PROGRAMS / "psql"), "--no-psqlrc", superuser]  # the psql of the wheel has no TLS
    subprocess.run(psql, input=printed.output, check=True, text=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(debian_server, autocommit=True) as connection:
        connection.execute("alter role kvalitet_migrator password 'set-by-the-administrator'")
    url = f"postgresql://kvalitet_migrator:set-by-the-administrator@{own.server}/{DATABASE}"
    monkeypatch.setenv("KVALITET_ADMIN_URL", url)
    return url


def deliver(settings: Settings, night: int) -> Path:
    inbox = Path(settings.inbox.removeprefix("file://"))
    generate(inbox, night=night, complaints=2000)
    return inbox


@pytest.mark.slow
def test_two_nights_on_own_postgres(
    own: Settings, migrator: str, debian_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nights run over TLS and without a superuser. The warehouse is prepared once with the admin's credential,
    which the nights do not have. No server is started or ended here."""
    said: list[str] = []
    assert services.up(own, with_airflow=False, say=said.append) == own
    assert services.up(own, with_airflow=False, say=said.append) == own, "a second time finds all of it there"
    monkeypatch.delenv("KVALITET_ADMIN_URL")

    for number in (1, 2):
        inbox = deliver(own, number)
        if number == 2:
            (inbox / "bif_complaints" / "klager_2025-01-03.csv").write_bytes(b"")
        result = run_night(own)
        assert (result.publication_id, result.failed_critical) == (number, []), result
        seen = fetch_all(own, BI, "select publication_id, current_setting('server_version_num')::int as version"
                         " from reporting.publication")  # fmt: skip
        assert seen[0]["publication_id"] == number
        assert seen[0]["version"] // 10000 == major_version()
    nobody_of_ours_is_mighty(debian_server)
    persons_can_be_erased_and_rekeyed(own, migrator, monkeypatch)
    its_last_good_data_are_used_and_marked(own, result)
    figures = fetch_all(own, BI, "select count(value) as known from reporting.fct_indicator_value")
    assert figures[0]["known"] > 0

    assert not (own.var / "server").exists() and not (own.var / "run" / "postgres.address").exists()
    assert any(own.server in line for line in said), said
    services.down(own, say=said.append)
    assert not any("Ended" in line for line in said)
    assert fetch_all(own, BI, "select publication_id from reporting.publication") == [{"publication_id": 2}]


@pytest.mark.slow
def test_airflow_runs_on_own_server_over_tls(
    own: Settings, migrator: str, debian_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kvalitet up` makes Airflow's database there. The server refuses unencrypted sessions to it."""
    monkeypatch.setenv("KVALITET_TIMETABLE", "off")
    try:
        services.up(own, say=print)
        address = services.airflow_address(own)
        with AirflowClient(address.url, address.user, address.password) as asked:
            give_up = time.monotonic() + 240
            while "housekeeping" not in asked.dags():
                assert time.monotonic() < give_up, asked.import_errors()
                time.sleep(0.5)
            asked.unpause("housekeeping")
            asked.trigger("housekeeping", "over_tls")
            while asked.run_states("over_tls").get("housekeeping") in (None, "queued", "running"):
                assert time.monotonic() < give_up, asked.tasks("over_tls")
                time.sleep(0.5)
            ended = {task["task_id"]: task["state"] for task in asked.tasks("over_tls")}
        assert (ended["end_lapsed_builds"], ended["purge_landing"]) == ("success", "success")
        assert ended["check_slas"] == "failed", "nothing was delivered, and it says so"
        with psycopg.connect(debian_server) as connection:
            sessions = connection.execute(
                "select usename, bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid)"
                " where datname = %s group by usename",
                [f"{DATABASE}_airflow"],
            ).fetchall()
        assert [encrypted for _, encrypted in sessions] == [True], "one role, and every session of it"
    finally:
        services.down(own, say=print)


def nobody_of_ours_is_mighty(superuser: str) -> None:
    """No role of ours is a superuser. The server itself has refused all unencrypted sessions."""
    with psycopg.connect(superuser) as connection:
        found = connection.execute(
            "select rolname from pg_roles where rolname like 'kvalitet%' and (rolsuper or rolbypassrls or rolcreatedb)"
        )
        assert found.fetchall() == []


def persons_can_be_erased_and_rekeyed(own: Settings, migrator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps with the admin's credential need no superuser either."""
    with next(Path(own.inbox.removeprefix("file://")).glob("bif_complaints/klager_2025-01-02.csv")).open(
        encoding="utf-8", newline=""
    ) as lines:
        cpr = next(row["CPR"] for row in csv.DictReader(lines) if row["CPR"])
    monkeypatch.setenv("KVALITET_ADMIN_URL", migrator)
    erased = erase(own, Number.typed(cpr), "request", "A. Hansen")
    assert erased.rows_delinked >= 1 and erased.files_rewritten >= 1
    assert rotate_key(own, "A. Hansen") > 1000
    monkeypatch.delenv("KVALITET_ADMIN_URL")


def its_last_good_data_are_used_and_marked(own: Settings, result: NightResult) -> None:
    """Every figure that rests on the broken source is marked as old."""
    broken = next(source for source in result.sources if source.source_id == "bif_complaints")
    assert broken.outcome == "refused" and broken.stale_reason
    statuses = fetch_all(own, BI, "select distinct status from reporting.fct_indicator_value"
                         " inner join reporting.dim_indicator using (indicator_key)"
                         " where rests_on like '%bif_complaints%' and value is not null")  # fmt: skip
    assert statuses == [{"status": "foraeldet"}]


def test_own_server_without_admin_url_is_named(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KVALITET_ADMIN_URL")
    with pytest.raises(KvalitetError, match="KVALITET_ADMIN_URL is not set"):
        services.up(own, with_airflow=False, say=lambda text: None)


def test_refused_admin_is_said_without_password(
    own: Settings, debian_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "KVALITET_ADMIN_URL", debian_server.replace("only-for-this-test@127.0.0.1", "forgotten-secret@localhost")
    )
    with pytest.raises(KvalitetError, match="does not let the admin in") as refused:
        services.up(own, with_airflow=False, say=lambda text: None)
    assert "KVALITET_ADMIN_URL" in refused.value.remedy
    assert "forgotten-secret" not in f"{refused.value.what} {refused.value.remedy}"
