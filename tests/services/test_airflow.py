"""What Airflow is told: loopback only, secrets in closed files, no admin's credential."""

import configparser
import stat
from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, airflow_address, airflow_env
from kvalitet.settings import Settings


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


def test_before_the_first_start_it_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, var=tmp_path, inbox="", server="127.0.0.1:1", database="kvalitet")
    with pytest.raises(KvalitetError, match="kvalitet up"):
        airflow_address(settings)


def test_named_airflow_is_used_with_the_password_of_its_users_file(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "airflow_users"
    users.write_text('{"admin": "word"}')
    monkeypatch.setenv("KVALITET_AIRFLOW_URL", "http://api-server:8080/")
    monkeypatch.setenv("KVALITET_AIRFLOW_PASSWORD_FILE", str(users))
    monkeypatch.setenv("KVALITET_AIRFLOW_PAGE", "https://airflow.example.dk")
    address = airflow_address(place)
    assert (address.url, address.user, address.password) == ("http://api-server:8080", "admin", "word")
    assert address.page == "https://airflow.example.dk"


@pytest.mark.parametrize("content", [None, "{}", '{"someone": "word"}', "{broken"])
def test_users_file_without_the_user_is_named(
    place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    users = tmp_path / "airflow_users"
    if content is not None:
        users.write_text(content)
    monkeypatch.setenv("KVALITET_AIRFLOW_URL", "http://api-server:8080")
    monkeypatch.setenv("KVALITET_AIRFLOW_PASSWORD_FILE", str(users))
    with pytest.raises(KvalitetError, match=r"no password of Airflow's user admin in .*airflow_users"):
        _ = airflow_address(place).password
