"""What Airflow is told: loopback only, secrets in closed files, no admin's credential."""

import configparser
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, airflow_address, airflow_env
from kvalitet.settings import Settings
from kvalitet.warehouse.address import Tls


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


def test_everything_listens_on_loopback_or_not_at_all(place: Settings) -> None:
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


def test_configuring_again_changes_nothing(place: Settings) -> None:
    first = airflow.configure(place)
    assert airflow.configure(place) == first
    airflow.address_file(place).write_text("127.0.0.1:28081\n")
    assert airflow.configure(place) != first, "a running component must be seen to be outdated"


def test_tasks_do_not_get_the_admins_credential(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KVALITET_ADMIN_URL", "PGPASSWORD", "AIRFLOW__CORE__LOAD_EXAMPLES"):
        monkeypatch.setenv(name, "not for tasks")
    env = airflow_env(place)
    assert "not for tasks" not in env.values()
    assert env["KVALITET_VAR"] == str(place.var)
    assert env["DO_NOT_TRACK"] == "1"
    assert "127.0.0.1" in env["NO_PROXY"]


def test_tls_is_spelt_for_each_of_its_two_drivers(place: Settings, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.touch()
    airflow.configure(replace(place, tls=Tls("verify-full", f"{authority}")))
    database = read(place)["database"]
    assert database["sql_alchemy_conn"].endswith(f"/kvalitet_airflow?sslmode=verify-full&sslrootcert={authority}")
    assert database["sql_alchemy_conn"].startswith("postgresql+psycopg2://kvalitet_airflow:")
    assert database["sql_alchemy_conn_async"].endswith("@127.0.0.1:1/kvalitet_airflow")
    assert database["sql_alchemy_connect_args_async"] == "kvalitet.services.airflow_tls.connect_args_async"
    airflow.configure(place)
    assert "sslmode" not in read(place)["database"]["sql_alchemy_conn"]
    assert "sql_alchemy_connect_args_async" not in read(place)["database"]


def test_before_the_first_start_it_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, var=tmp_path, inbox="", server="127.0.0.1:1", database="kvalitet")
    with pytest.raises(KvalitetError, match="kvalitet up"):
        airflow_address(settings)
