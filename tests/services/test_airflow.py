"""Airflow's configuration: loopback only, secrets in closed files, and no admin's credential."""

import configparser
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, airflow_address, airflow_env
from kvalitet.services.airflow_asyncpg import asyncpg_arguments
from kvalitet.settings import Settings
from kvalitet.settings.address import Tls


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    settings = Settings(
        root=tmp_path, var=tmp_path / "var", inbox="file:///inbox", server="127.0.0.1:1", database="kvalitet"
    )
    airflow.address_file(settings).parent.mkdir(parents=True)
    airflow.address_file(settings).write_text("127.0.0.1:28080\n")
    return settings


def read(place: Settings) -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(airflow.home(place) / "airflow.cfg")
    return config


def test_everything_listens_on_loopback(place: Settings) -> None:
    airflow.configure(place)
    config = read(place)
    assert config["api"]["host"] == "127.0.0.1"
    assert config["core"]["execution_api_server_url"] == "http://127.0.0.1:28080/execution/"
    assert all("--skip-serve-logs" in airflow.COMPONENTS[name] for name in ("scheduler", "triggerer"))


def test_secrets_are_in_closed_files(place: Settings) -> None:
    airflow.configure(place)
    for name in ("airflow.cfg", "passwords.json", "admin.password"):
        assert stat.S_IMODE((airflow.home(place) / name).stat().st_mode) == 0o600, name
    address = airflow_address(place)
    assert (address.url, address.user) == ("http://127.0.0.1:28080", "admin")
    assert len(address.password) >= 12
    assert address.password == address.password_file.read_text()


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after if before.get(name) != after.get(name)}


def test_configuring_again_changes_nothing(place: Settings) -> None:
    airflow.configure(place)
    written, first = (airflow.home(place) / "airflow.cfg").read_text(), airflow.configuration(place, "scheduler")
    airflow.configure(place)
    assert (airflow.home(place) / "airflow.cfg").read_text() == written
    assert airflow.configuration(place, "scheduler") == first
    airflow.address_file(place).write_text("127.0.0.1:28081\n")
    assert differing(first, airflow.configuration(place, "scheduler")) == {"[core] execution_api_server_url"}


def test_changed_setting_names_only_its_readers(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: airflow.configuration(place, name) for name in airflow.COMPONENTS}
    monkeypatch.setenv("KVALITET_TIMETABLE", "off")
    monkeypatch.setenv("KVALITET_ALERT_SMTP", "smtp://user:hunter2-secret@mail.example.dk")
    monkeypatch.setenv("COLUMNS", "77")
    after = {name: airflow.configuration(place, name) for name in airflow.COMPONENTS}
    of_tasks = {"KVALITET_TIMETABLE", "KVALITET_ALERT_SMTP"}
    assert {name: differing(before[name], after[name]) for name in before} == {
        "api-server": set(),
        "scheduler": of_tasks | {"[scheduler] use_job_schedule"},
        "dag-processor": of_tasks,
        "triggerer": of_tasks,
    }


def test_noted_configuration_holds_no_value(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ALERT_SMTP", "smtp://user:hunter2-secret@mail.example.dk")
    noted = airflow.configuration(place, "scheduler")
    assert all(len(digest) == 16 and set(digest) <= set("0123456789abcdef") for digest in noted.values())
    other = Settings(root=place.root, var=place.var / "other", inbox="", server="127.0.0.1:1", database="kvalitet")
    airflow.address_file(other).parent.mkdir(parents=True)
    airflow.address_file(other).write_text("127.0.0.1:28080\n")
    assert airflow.configuration(other, "scheduler")["KVALITET_ALERT_SMTP"] != noted["KVALITET_ALERT_SMTP"], (
        "the digest is keyed: a guessed password cannot be tried out on the note"
    )


def test_tasks_get_no_admin_credential(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KVALITET_ADMIN_URL", "PGPASSWORD", "AIRFLOW__CORE__LOAD_EXAMPLES"):
        monkeypatch.setenv(name, "not for tasks")
    env = airflow_env(place)
    assert "not for tasks" not in env.values()
    assert env["KVALITET_VAR"] == str(place.var)
    assert env["DO_NOT_TRACK"] == "1"
    assert "127.0.0.1" in env["NO_PROXY"]


def test_tls_is_spelt_for_both_drivers(place: Settings, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.touch()
    airflow.configure(replace(place, tls=Tls("verify-full", f"{authority}")))
    database = read(place)["database"]
    assert database["sql_alchemy_conn"].endswith(f"/kvalitet_airflow?sslmode=verify-full&sslrootcert={authority}")
    assert database["sql_alchemy_conn"].startswith("postgresql+psycopg2://kvalitet_airflow:")
    assert database["sql_alchemy_conn_async"].endswith("@127.0.0.1:1/kvalitet_airflow")
    assert database["sql_alchemy_connect_args_async"] == "kvalitet.services.airflow_asyncpg.connect_args_async"
    airflow.configure(place)
    assert "sslmode" not in read(place)["database"]["sql_alchemy_conn"]
    assert asyncpg_arguments(place.tls) == {}


def test_unstarted_airflow_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, var=tmp_path, inbox="", server="127.0.0.1:1", database="kvalitet")
    with pytest.raises(KvalitetError, match="kvalitet up"):
        airflow_address(settings)


def test_named_airflow_uses_its_users_file(place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "airflow_users"
    users.write_text('{"admin": "word"}')
    monkeypatch.setenv("KVALITET_AIRFLOW_URL", "http://api-server:8080/")
    monkeypatch.setenv("KVALITET_AIRFLOW_PASSWORD_FILE", str(users))
    monkeypatch.setenv("KVALITET_AIRFLOW_PAGE", "https://airflow.example.dk")
    address = airflow_address(place)
    assert (address.url, address.user, address.password) == ("http://api-server:8080", "admin", "word")
    assert address.page == "https://airflow.example.dk"


@pytest.mark.parametrize("content", [None, "{}", '{"someone": "word"}', "{broken"])
def test_user_missing_in_users_file_is_named(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    users = tmp_path / "airflow_users"
    if content is not None:
        users.write_text(content)
    monkeypatch.setenv("KVALITET_AIRFLOW_URL", "http://api-server:8080")
    monkeypatch.setenv("KVALITET_AIRFLOW_PASSWORD_FILE", str(users))
    with pytest.raises(KvalitetError, match=r"no password of Airflow's user admin in .*airflow_users"):
        _ = airflow_address(place).password
